//! The bill of materials of an image: its facts as components, with licences and what needs what.
//!
//! Everything comes from the image's own bytes, whoever built it. What cannot be told is left out, never guessed.

mod edges;
mod files;
mod interpreter;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::Reference;
use bareboat_packages::sbom::{Bill, Component, ComponentKind, Licence, Subject};
use bareboat_store::Digest;

use crate::facts::{Ecosystem, Facts};
use edges::Edges;
use files::{Files, Home};

/// What the image is made of; `tool_version` names the program that says so.
pub fn bill(facts: &Facts, tool_version: &str) -> Bill {
    let records = records::records(facts);
    let files = Files::find(facts);
    let mut maker = Maker {
        facts,
        files: &files,
        components: Vec::new(),
        ids: BTreeSet::new(),
        numbers: BTreeMap::new(),
    };
    maker.distribution();
    let application = maker.application();
    let interpreters: Vec<usize> =
        (0..facts.interpreters.len()).map(|index| maker.interpreter(index)).collect();
    let mut places = vec![None; facts.packages.len()];
    for (index, record) in records.iter().enumerate() {
        if facts.packages[index].ecosystem != Ecosystem::Rpm {
            places[index] = Some(maker.package(index, record));
        }
    }
    maker.loose_files();
    let mut components = maker.components;
    let edges = Edges::find(facts, &records);
    for (from, needed) in edges.packages.iter().enumerate() {
        let needs = needed.iter().filter_map(|to| places[*to]);
        if let Some(place) = places[from] {
            components[place].needs.extend(needs.filter(|to| *to != place));
        }
    }
    for (index, place) in interpreters.iter().enumerate() {
        components[*place].needs.extend(edges.interpreter(facts, index).filter_map(|to| places[to]));
    }
    if let Some(application) = application {
        let tops = edges.top_distributions(facts).filter_map(|index| places[index]);
        components[application].needs.extend(tops.chain(interpreters));
    }
    Bill { subject: subject(facts), components, gaps: gaps(facts), tool_version: tool_version.to_owned() }
}

fn subject(facts: &Facts) -> Subject {
    let name = facts.tag.as_ref().unwrap_or(&facts.name).clone();
    let layers = facts.layers.iter().map(|layer| layer.diff_id).collect();
    let purl = facts.digest.as_ref().and_then(|digest| image_purl(facts, &name, digest));
    Subject { name, digest: facts.digest, purl, created: facts.created.clone(), layers }
}

/// A package URL of type `oci`: the name's last part, the digest, and where it is when the name says so.
fn image_purl(facts: &Facts, text: &str, digest: &Digest) -> Option<String> {
    let text = text.strip_prefix("registry:").unwrap_or(text);
    let reference: Reference = text.parse().ok()?;
    let name = reference.path().rsplit('/').next()?;
    let mut qualifiers = Vec::new();
    if let Some(platform) = &facts.platform {
        qualifiers.push(format!("arch={}", platform.architecture));
    }
    if text.starts_with(&format!("{}/", reference.domain())) {
        qualifiers.push(format!("repository_url={}", reference.name()));
    }
    qualifiers.extend(reference.tag().map(|tag| format!("tag={tag}")));
    Some(format!("pkg:oci/{name}@{digest}?{}", qualifiers.join("&")))
}

fn gaps(facts: &Facts) -> Vec<String> {
    let has_rpm = facts.packages.iter().any(|package| package.ecosystem == Ecosystem::Rpm);
    let gaps = [
        (has_rpm, "packages of rpm are not read"),
        (facts.is_incomplete, "lists of packages are larger than is read"),
    ];
    gaps.into_iter().filter(|(is_gap, _)| *is_gap).map(|(_, gap)| gap.to_owned()).collect()
}

struct Maker<'a> {
    facts: &'a Facts,
    files: &'a Files<'a>,
    components: Vec<Component>,
    ids: BTreeSet<String>,
    /// How often each was wanted.
    numbers: BTreeMap<String, usize>,
}

impl Maker<'_> {
    fn add(&mut self, component: Component) -> usize {
        self.components.push(component);
        self.components.len() - 1
    }

    /// Letters, digits, `.` and `-`, and a number when that was there before.
    fn id(&mut self, text: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let stem: String = text.chars().map(plain).collect();
        // Counting goes on where it stopped: an image may list one name a hundred thousand times.
        let mut number = self.numbers.get(&stem).copied().unwrap_or(0);
        loop {
            number += 1;
            let id = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
            if self.ids.insert(id.clone()) {
                self.numbers.insert(stem, number);
                return id;
            }
        }
    }

    fn distribution(&mut self) {
        let release = |key: &str| self.facts.distribution.get(key).cloned();
        let Some(name) = release("ID") else { return };
        let id = self.id(&format!("os-{name}"));
        self.add(Component {
            id,
            kind: ComponentKind::OperatingSystem,
            version: release("VERSION_ID"),
            description: release("PRETTY_NAME"),
            homepage: release("HOME_URL").filter(|url| is_address(url)),
            name,
            ..Component::default()
        });
    }

    /// What nobody packaged in the directory that the container starts in.
    fn application(&mut self) -> Option<usize> {
        let held = self.files.of(Home::Application)?;
        let facts = self.facts;
        let label = |key: &str| facts.config.labels.get(&format!("org.opencontainers.image.{key}")).cloned();
        let named = || {
            let reference: Option<Reference> = facts.tag.as_ref().unwrap_or(&facts.name).parse().ok();
            reference.and_then(|reference| reference.path().rsplit('/').next().map(str::to_owned))
        };
        let name = label("title").or_else(named).unwrap_or_else(|| "application".to_owned());
        let id = self.id(&format!("app-{name}"));
        Some(self.add(Component {
            id,
            kind: ComponentKind::Application,
            name,
            version: label("version"),
            description: label("description"),
            homepage: label("url").filter(|url| is_address(url)),
            licence: label("licenses").map(|text| Licence::parse(&text)).unwrap_or_default(),
            files: Some(held.digest()),
            layer: held.layer(),
            evidence: Some(facts.config.working_dir.clone()),
            ..Component::default()
        }))
    }

    fn interpreter(&mut self, index: usize) -> usize {
        let facts = self.facts;
        let found = &facts.interpreters[index];
        let (version, is_exact) = interpreter::version(facts, found);
        let held = self.files.of(Home::Interpreter(index));
        let path = found.program.as_ref().or(found.library.as_ref());
        let layer = held.and_then(files::Held::layer).or_else(|| facts.layer_of(path?));
        let id = self.id(&format!("python-{version}"));
        self.add(Component {
            id,
            kind: ComponentKind::Platform,
            name: "python".to_owned(),
            purl: Some(format!("pkg:generic/python@{version}")),
            cpe: is_exact.then(|| format!("cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*")),
            version: Some(version),
            description: Some("the CPython interpreter".to_owned()),
            files: held.map(files::Held::digest),
            layer,
            evidence: path.map(ToString::to_string),
            ..Component::default()
        })
    }

    fn package(&mut self, index: usize, record: &records::Record) -> usize {
        let facts = self.facts;
        let package = &facts.packages[index];
        let held = self.files.of(Home::Package(index));
        let kind = if package.ecosystem == Ecosystem::Python { "pypi" } else { package.ecosystem.as_str() };
        let architecture = package.architecture.as_ref().map(|text| format!("-{text}")).unwrap_or_default();
        let id = self.id(&format!("{kind}-{}{architecture}", package.name));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.add(Component {
            id,
            kind: ComponentKind::Library,
            name: package.name.clone(),
            version: text(&package.version),
            purl: text(&package.purl),
            supplier: record.supplier.clone(),
            description: record.description.clone(),
            homepage: record.homepage.clone().filter(|url| is_address(url)),
            licence: record.licence.clone(),
            files: held.map(files::Held::digest),
            layer: held.and_then(files::Held::layer).or_else(|| facts.layer_of(&package.evidence)),
            evidence: Some(package.evidence.to_string()),
            ..Component::default()
        })
    }

    /// Files that came with nothing: what builders generate, and what was copied in.
    fn loose_files(&mut self) {
        let Some(held) = self.files.of(Home::Nobody) else { return };
        for (path, digest) in held.files.iter().take(MOST_FILES) {
            let name = path.to_string();
            let id = self.id(&format!("file{name}"));
            let layer = self.facts.layer_of(path);
            let (kind, sha256) = (ComponentKind::File, Some(*digest));
            self.add(Component { id, kind, name, sha256, layer, ..Component::default() });
        }
        if held.files.len() > MOST_FILES {
            let rest = files::Held { files: held.files[MOST_FILES..].to_vec(), ..held.clone() };
            let name = format!("{} further files", rest.files.len());
            let id = self.id("further-files");
            let (kind, files) = (ComponentKind::File, Some(rest.digest()));
            self.add(Component { id, kind, name, files, ..Component::default() });
        }
    }
}

/// An address that documents may carry: their schemas want URIs.
fn is_address(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    (text.starts_with("https://") || text.starts_with("http://")) && text.bytes().all(plain)
}

/// Files of nobody that are listed one by one.
const MOST_FILES: usize = 1000;

#[cfg(test)]
mod tests;

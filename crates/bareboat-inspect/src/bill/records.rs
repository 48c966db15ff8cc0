//! What package managers wrote down about each package, beyond its name: licence, makers, needs.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::deb::paragraphs;
use bareboat_packages::sbom::Licence;
use bareboat_packages::wheel::Metadata;

use crate::facts::{Ecosystem, Facts, Package};

/// About one package.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) supplier: Option<String>,
    pub(super) description: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) licence: Licence,
    /// What it needs, each as its package manager writes it: Debian's fields, requirements, apk's words.
    pub(super) needs: Vec<String>,
    /// Names it answers to besides its own: Debian's field, apk's words.
    pub(super) provides: Vec<String>,
}

/// One for each package of the facts, in their order.
pub(super) fn records(facts: &Facts) -> Vec<Record> {
    let mut known: BTreeMap<&TreePath, BTreeMap<Key, Record>> = BTreeMap::new();
    let mut records = Vec::with_capacity(facts.packages.len());
    for package in &facts.packages {
        let all = known.entry(&package.evidence);
        let all = all.or_insert_with(|| read(facts, package).into_iter().collect());
        let found = all.get(&key(package)).cloned();
        let mut record = found.unwrap_or_default();
        if package.ecosystem == Ecosystem::Deb {
            record.licence = copyright(facts, &package.name);
        }
        records.push(record);
    }
    records
}

/// Name, version and architecture: one file may list several of a name.
type Key = (String, String, Option<String>);

fn key(package: &Package) -> Key {
    match package.ecosystem {
        Ecosystem::Python => Key::default(),
        _ => (package.name.clone(), package.version.clone(), package.architecture.clone()),
    }
}

fn read(facts: &Facts, package: &Package) -> Vec<(Key, Record)> {
    let content = facts.real(&package.evidence).and_then(|path| facts.content(&path));
    let Some(text) = content.and_then(|content| content.text()) else { return Vec::new() };
    match package.ecosystem {
        Ecosystem::Deb => debian(&text),
        Ecosystem::Apk => alpine(&text),
        Ecosystem::Python => python(&text).map(|record| (Key::default(), record)).into_iter().collect(),
        Ecosystem::Rpm => Vec::new(),
    }
}

fn debian(text: &str) -> Vec<(Key, Record)> {
    let stanza = |stanza: bareboat_packages::deb::Paragraph<'_>| {
        let field = |name: &str| stanza.get(name).map(str::to_owned);
        let key = (field("Package")?, field("Version")?, field("Architecture"));
        let record = Record {
            supplier: field("Maintainer"),
            description: field("Description").and_then(|text| first_line(&text)),
            homepage: field("Homepage"),
            licence: Licence::default(),
            needs: [field("Pre-Depends"), field("Depends")].into_iter().flatten().collect(),
            provides: field("Provides").into_iter().collect(),
        };
        Some((key, record))
    };
    paragraphs(text).filter_map(stanza).collect()
}

/// `T:` description, `U:` address, `L:` licence, `m:` maintainer, `D:` needs, `p:` provides (apk's installed database).
fn alpine(text: &str) -> Vec<(Key, Record)> {
    let record = |text: &str| {
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        let words = |key: &str| {
            let words = field(key).unwrap_or_default();
            words.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let key = (field("P:")?, field("V:")?, field("A:"));
        let record = Record {
            supplier: field("m:"),
            description: field("T:"),
            homepage: field("U:"),
            licence: field("L:").map(|text| Licence::parse(&text)).unwrap_or_default(),
            needs: words("D:"),
            provides: words("p:"),
        };
        Some((key, record))
    };
    text.split("\n\n").filter_map(record).collect()
}

fn python(text: &str) -> Option<Record> {
    let metadata = Metadata::parse("METADATA", text).ok()?;
    let labelled = |wanted: &str| {
        let urls = metadata.project_urls.iter().filter_map(|text| text.split_once(','));
        let same = |label: &str| label.trim().eq_ignore_ascii_case(wanted);
        { urls }.find(|(label, _)| same(label)).map(|(_, url)| url.trim().to_owned())
    };
    Some(Record {
        supplier: metadata.author.as_deref().and_then(first_line),
        description: metadata.summary.as_deref().and_then(first_line),
        homepage: metadata.home_page.clone().or_else(|| labelled("homepage")).or_else(|| labelled("source")),
        licence: Licence::of_distribution(&metadata),
        needs: metadata.requires_dist.clone(),
        provides: Vec::new(),
    })
}

/// `/usr/share/doc/PACKAGE/copyright`; the directory may be a link to another package's.
fn copyright(facts: &Facts, package: &str) -> Licence {
    let file = facts.at(&format!("/usr/share/doc/{package}/copyright"));
    let content = file.and_then(|file| facts.content(&file));
    content.and_then(|content| content.licence.clone()).unwrap_or_default()
}

fn first_line(text: &str) -> Option<String> {
    let line: String = text.lines().next()?.chars().filter(|c| !c.is_control()).take(300).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

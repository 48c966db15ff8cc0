//! Packages by what package managers wrote down: dpkg's `status` and `status.d`, apk's `installed`, Python's metadata;
//! of rpm only that its database is there.
//!
//! Package URLs follow the purl specification. Which file is whose comes from the lists beside each record.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::deb::paragraphs;
use bareboat_packages::pypi::DistributionName;
use bareboat_packages::sbom::purl::escaped;
use bareboat_packages::wheel::{Metadata, WheelInfo};

use super::Facts;

/// Who looks after a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ecosystem {
    /// Debian and its relatives.
    Deb,
    /// Alpine and its relatives.
    Apk,
    /// Red Hat, SUSE and their relatives.
    Rpm,
    /// Python distributions.
    Python,
}

impl Ecosystem {
    /// The name people use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Python => "python",
        }
    }
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Who looks after it.
    pub ecosystem: Ecosystem,
    /// Its name; a Python distribution's is normalised.
    pub name: String,
    /// Its version; empty where only a database is known.
    pub version: String,
    /// What it is built for, where the record says.
    pub architecture: Option<String>,
    /// Its package URL; empty where there is no version.
    pub purl: String,
    /// The file that says so.
    pub evidence: TreePath,
    /// Bytes of its files that are there.
    pub bytes: u64,
    /// `Tag`s of a Python distribution's `WHEEL`.
    pub tags: Vec<String>,
    /// Where a Python distribution's files begin.
    pub site: Option<TreePath>,
    /// Names of distributions that a Python distribution requires, with any extra and anywhere.
    pub requires: Vec<String>,
}

impl Package {
    /// Name and version, as people write them.
    pub fn title(&self) -> String {
        match self.version.is_empty() {
            true => self.name.clone(),
            false => format!("{} {}", self.name, self.version),
        }
    }
}

/// All packages, and whose each file is.
#[derive(Debug, Default)]
pub(super) struct Packages {
    pub packages: Vec<Package>,
    pub owners: BTreeMap<TreePath, usize>,
}

impl Packages {
    pub(super) fn find(facts: &Facts) -> Self {
        let mut found = Finder { facts, packages: Vec::new(), files: Vec::new() };
        for path in facts.tree().entries.keys() {
            found.look_at(path);
        }
        found.finish()
    }
}

struct Finder<'a> {
    facts: &'a Facts,
    packages: Vec<Package>,
    /// For each package, the files it says it brought, as written.
    files: Vec<Vec<TreePath>>,
}

impl Finder<'_> {
    fn look_at(&mut self, path: &TreePath) {
        let text = path.to_str_lossy();
        let (directory, name) = text.rsplit_once('/').unwrap_or(("", &text));
        if is_rpm_database(directory, name) {
            return self.add(Ecosystem::Rpm, "rpm database", "", None, path, Vec::new());
        }
        let is_dpkg = name == "status" && directory.ends_with("lib/dpkg")
            || directory.ends_with("lib/dpkg/status.d") && !name.ends_with(".md5sums");
        let is_apk = name == "installed" && directory.ends_with("lib/apk/db");
        let is_python = name == "METADATA" && directory.ends_with(".dist-info")
            || name == "PKG-INFO" && directory.ends_with(".egg-info");
        if !is_dpkg && !is_apk && !is_python {
            return;
        }
        let facts = self.facts;
        let read = |path: TreePath| facts.content(&path)?.text();
        let Some(text) = facts.real(path).and_then(read) else { return };
        match () {
            () if is_dpkg => self.dpkg(path, directory, &text),
            () if is_apk => self.apk(path, &text),
            () => self.python(path, directory, &text),
        }
    }

    fn add(
        &mut self,
        ecosystem: Ecosystem,
        name: &str,
        version: &str,
        architecture: Option<&str>,
        evidence: &TreePath,
        files: Vec<TreePath>,
    ) {
        self.packages.push(Package {
            ecosystem,
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.map(str::to_owned),
            purl: purl(self.facts, ecosystem, name, version, architecture),
            evidence: evidence.clone(),
            bytes: 0,
            tags: Vec::new(),
            site: None,
            requires: Vec::new(),
        });
        self.files.push(files);
    }

    /// Stanzas of `status` or of one file of `status.d`; only what is installed counts.
    fn dpkg(&mut self, path: &TreePath, directory: &str, text: &str) {
        for stanza in paragraphs(text) {
            let (Some(name), Some(version)) = (stanza.get("Package"), stanza.get("Version")) else {
                continue;
            };
            if stanza.get("Status").is_some_and(|status| !status.ends_with(" installed")) {
                continue;
            }
            let architecture = stanza.get("Architecture");
            let lists = match directory.strip_suffix("/status.d") {
                Some(_) => {
                    vec![format!("{directory}/{name}.md5sums"), format!("{}.md5sums", path.to_str_lossy())]
                }
                None => {
                    let stems = [format!("{name}:{}", architecture.unwrap_or_default()), name.to_owned()];
                    stems.iter().map(|stem| format!("{directory}/info/{stem}.list")).collect()
                }
            };
            let files = lists.iter().find_map(|list| {
                let list = self.facts.at(list)?;
                let text = self.facts.content(&list)?.text()?;
                let file = |line: &str| {
                    let path = line.split_once("  ").map_or(line, |(_, path)| path);
                    TreePath::new(path).ok()
                };
                Some(text.lines().filter_map(file).collect())
            });
            self.add(Ecosystem::Deb, name, version, architecture, path, files.unwrap_or_default());
        }
    }

    /// Records of `P:` name, `V:` version, `A:` architecture, `F:` directory, `R:` file in it (apk's installed database).
    fn apk(&mut self, path: &TreePath, text: &str) {
        for record in text.split("\n\n") {
            let field = |key: &str| record.lines().find_map(|line| line.strip_prefix(key));
            let (Some(name), Some(version)) = (field("P:"), field("V:")) else { continue };
            let (mut directory, mut files) = ("", Vec::new());
            for line in record.lines() {
                match line.split_once(':') {
                    Some(("F", place)) => directory = place,
                    Some(("R", file)) => files.extend(TreePath::new(format!("{directory}/{file}")).ok()),
                    _ => {}
                }
            }
            self.add(Ecosystem::Apk, name, version, field("A:"), path, files);
        }
    }

    /// `METADATA` with the `RECORD` and `WHEEL` beside it.
    fn python(&mut self, path: &TreePath, directory: &str, text: &str) {
        let Ok(metadata) = Metadata::parse("METADATA", text) else { return };
        let name = DistributionName::new(&metadata.name)
            .map(|name| name.as_str().to_owned())
            .unwrap_or(metadata.name);
        let beside = |name: &str| {
            let file = self.facts.at(&format!("/{directory}/{name}"))?;
            self.facts.content(&file)?.text()
        };
        let site = directory.rsplit_once('/').map_or("", |(site, _)| site);
        let files =
            beside("RECORD").map(|record| record.lines().filter_map(|line| recorded(site, line)).collect());
        let tags =
            beside("WHEEL").and_then(|text| WheelInfo::parse("WHEEL", &text).ok()).map(|info| info.tags);
        self.add(Ecosystem::Python, &name, &metadata.version, None, path, files.unwrap_or_default());
        if let Some(package) = self.packages.last_mut() {
            package.tags = tags.unwrap_or_default();
            package.site = TreePath::new(site).ok();
            package.requires = metadata.requires_dist.iter().filter_map(|text| required(text)).collect();
        }
    }

    fn finish(self) -> Packages {
        let Self { facts, packages, files } = self;
        let mut rows: Vec<(Package, Vec<TreePath>)> = packages.into_iter().zip(files).collect();
        rows.sort_by(|(left, _), (right, _)| {
            (left.ecosystem, &left.name, &left.evidence).cmp(&(right.ecosystem, &right.name, &right.evidence))
        });
        let mut found = Packages::default();
        for (index, (mut package, files)) in rows.into_iter().enumerate() {
            for file in files {
                // Lists name files as they were before `/usr` was merged, and through links.
                let parent =
                    file.parent().and_then(|parent| facts.tree().resolve(&parent)).unwrap_or_default();
                let Ok(path) = parent.join(file.file_name()) else { continue };
                let Some(entry) = facts.tree().get(&path) else { continue };
                if entry.kind != bareboat_image::Kind::Directory && found.owners.insert(path, index).is_none()
                {
                    package.bytes += entry.size();
                }
            }
            found.packages.push(package);
        }
        found
    }
}

/// The name at the start of a requirement (PEP 508), normalised.
fn required(text: &str) -> Option<String> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let name = text.split(|character| !is_name(character)).next()?;
    Some(DistributionName::new(name).ok()?.as_str().to_owned())
}

/// The path in a line of `RECORD`, from the directory it counts from; `..` leads out of it.
fn recorded(site: &str, line: &str) -> Option<TreePath> {
    let path = match line.strip_prefix('"') {
        Some(rest) => rest.split_once('"')?.0,
        None => line.split(',').next()?,
    };
    if path.starts_with('/') {
        return TreePath::new(path).ok();
    }
    let mut at = TreePath::new(site).ok()?;
    for part in path.split('/') {
        at = match part {
            ".." => at.parent()?,
            part => at.join(part).ok()?,
        };
    }
    Some(at)
}

fn is_rpm_database(directory: &str, name: &str) -> bool {
    let is_place = directory.ends_with("var/lib/rpm") || directory.ends_with("usr/lib/sysimage/rpm");
    is_place && matches!(name, "rpmdb.sqlite" | "Packages" | "Packages.db")
}

/// A package URL (purl specification, types `deb`, `apk`, `pypi`).
fn purl(
    facts: &Facts,
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    architecture: Option<&str>,
) -> String {
    let release = |key: &str| facts.distribution.get(key).map(String::as_str);
    let vendor = release("ID");
    let name = escaped(name);
    let version = escaped(version);
    match ecosystem {
        Ecosystem::Rpm => String::new(),
        Ecosystem::Python => format!("pkg:pypi/{name}@{version}"),
        Ecosystem::Deb | Ecosystem::Apk => {
            let usual = if ecosystem == Ecosystem::Deb { "debian" } else { "alpine" };
            let vendor = vendor.unwrap_or(usual);
            let mut purl = format!("pkg:{}/{vendor}/{name}@{version}", ecosystem.as_str());
            let distribution = release("VERSION_ID").map(|version| format!("{vendor}-{version}"));
            let qualifiers =
                [("arch", architecture.map(escaped)), ("distro", distribution.map(|text| escaped(&text)))];
            for (index, (key, value)) in
                qualifiers.into_iter().filter_map(|(key, value)| Some((key, value?))).enumerate()
            {
                purl.push_str(&format!("{}{key}={value}", if index == 0 { '?' } else { '&' }));
            }
            purl
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lead_out_of_their_directory_and_not_out_of_the_image() {
        let path = |line: &str| recorded("usr/lib/python3/site-packages", line).map(|path| path.to_string());
        assert_eq!(path("a/b.py,sha256=x,1").as_deref(), Some("/usr/lib/python3/site-packages/a/b.py"));
        assert_eq!(path("\"a,b.py\",,").as_deref(), Some("/usr/lib/python3/site-packages/a,b.py"));
        assert_eq!(path("../../../bin/x,,").as_deref(), Some("/usr/bin/x"));
        assert_eq!(path("../../../../../x,,"), None);
    }
}

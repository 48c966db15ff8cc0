//! `poetry.lock`, formats 1.1 to 2.1.
//!
//! Format 2.1 (Poetry 2) says for which groups and under which markers each package is; older ones only what depends
//! on what, so the graph is walked from the `pyproject.toml`. No format has addresses: the index completes them.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::Digest;
use pep440_rs::Version;
use serde::Deserialize;
use toml::Value;

use super::content_hash::{Json, Separators, python_json_sha256};
use super::graph::{Edge, Node, pins_with_dependents, walk_from_project};
use super::toml_file::parse_toml;
use super::{LockContext, Locked};
use crate::pypi::declared::{PYPROJECT, parse_constraint};
use crate::pypi::error::PypiError;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::{LockedFile, Origin, Pin};
use crate::pypi::requirement::{Marker, Requirement};
use crate::pypi::requirements_txt::IndexOptions;

/// The pins that the project needs in the context's environment: the group `main` and the groups asked for.
///
/// # Errors
/// Another lock version, a lock that the project has outgrown, entries that cannot be understood.
pub fn read_poetry_lock(context: &LockContext<'_>) -> Result<Locked, PypiError> {
    let lock: PoetryLock = parse_toml(context.file, context.text)?;
    let version = lock.metadata.lock_version.as_deref().unwrap_or("1.0");
    if !matches!(version.split('.').next(), Some("1" | "2")) {
        let (file, found) = (context.file.to_owned(), version.to_owned());
        return Err(PypiError::LockVersion { file, found, known: "1.x and 2.x" });
    }
    let reader = Reader { context, lock: &lock };
    reader.check_fresh()?;
    let requires_python = match lock.metadata.python_versions.as_deref() {
        Some(text) => parse_constraint(text).map_err(|why| context.wrong("python-versions", why))?,
        None => Vec::new(),
    };
    let tells_groups = lock.package.iter().all(|package| package.groups.is_some());
    let pins = if tells_groups { reader.filtered()? } else { reader.walked()? };
    let legacy = |package: &Package| package.source.clone().filter(|source| source.kind == "legacy");
    let mut urls: Vec<String> = lock.package.iter().filter_map(legacy).map(|source| source.url).collect();
    urls.sort();
    urls.dedup();
    let options = IndexOptions { extra_index_urls: urls, ..IndexOptions::default() };
    Ok(Locked { requires_python, pins, options })
}

struct Reader<'a> {
    context: &'a LockContext<'a>,
    lock: &'a PoetryLock,
}

impl Reader<'_> {
    /// Format 2.1: every package says where it belongs.
    fn filtered(&self) -> Result<Vec<Pin>, PypiError> {
        let mut pins: BTreeMap<DistributionName, Pin> = BTreeMap::new();
        let mut required_by: BTreeMap<DistributionName, BTreeSet<DistributionName>> = BTreeMap::new();
        for package in &self.lock.package {
            if !self.applies(package)? {
                continue;
            }
            for (name, tables) in &package.dependencies {
                if tables.all().iter().any(|table| !table.optional) {
                    required_by.entry(name.clone()).or_default().insert(package.name.clone());
                }
            }
            if pins.insert(package.name.clone(), self.pin(package)?).is_some() {
                return Err(self.context.wrong(
                    &named(&package.name),
                    format!("`{}`: two versions apply at once", package.name),
                ));
            }
        }
        Ok(pins_with_dependents(pins, required_by))
    }

    fn applies(&self, package: &Package) -> Result<bool, PypiError> {
        let environment = self.context.environment;
        let wanted =
            |group: &&DistributionName| group.as_str() == "main" || environment.groups.contains(group);
        for group in package.groups.iter().flatten().filter(wanted) {
            let marker = match &package.markers {
                None => return Ok(true),
                Some(Markers::All(text)) => Some(text),
                Some(Markers::ByGroup(by_group)) => by_group.get(group),
            };
            let Some(text) = marker else { return Ok(true) };
            let parsed: Marker = text.parse().map_err(|error| self.context.wrong(text, error))?;
            if parsed.evaluate(environment) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Older formats: from the project along its dependencies.
    fn walked(&self) -> Result<Vec<Pin>, PypiError> {
        let mut nodes = Vec::new();
        for package in &self.lock.package {
            nodes.push(Node {
                pin: self.pin(package)?,
                extras: BTreeSet::new(),
                edges: self.edges(package)?,
            });
        }
        walk_from_project(self.context, &nodes, "Poetry 2")
    }

    fn edges(&self, package: &Package) -> Result<Vec<Edge>, PypiError> {
        let mut edges = Vec::new();
        for (name, tables) in &package.dependencies {
            for table in tables.all() {
                let wrong = |why: String| self.context.wrong(name.as_str(), why);
                let marker = table.markers.as_deref().map(str::parse::<Marker>).transpose();
                edges.push(Edge {
                    name: name.clone(),
                    extras: table.extras.iter().cloned().collect(),
                    marker: marker.map_err(|error| wrong(error.to_string()))?,
                    versions: parse_constraint(table.version.as_deref().unwrap_or("*")).map_err(wrong)?,
                });
            }
        }
        // Formats before 2.1 leave it to the extras which optional dependencies count.
        for (extra, texts) in &package.extras {
            for text in texts {
                let Ok(requirement) = text.parse::<Requirement>() else { continue };
                let of_extra: Result<Marker, _> = format!("extra == '{extra}'").parse();
                for edge in
                    edges.iter_mut().filter(|edge| edge.name == requirement.name && edge.marker.is_none())
                {
                    let optional = package
                        .dependencies
                        .get(&edge.name)
                        .is_some_and(|tables| tables.all().iter().all(|table| table.optional));
                    edge.marker = if optional { of_extra.clone().ok() } else { None };
                }
            }
        }
        Ok(edges)
    }

    fn pin(&self, package: &Package) -> Result<Pin, PypiError> {
        let wrong =
            |why: &str| self.context.wrong(&named(&package.name), format!("`{}`: {why}", package.name));
        let version: Version = package.version.parse().map_err(|_| wrong("its version is not one"))?;
        let source = package.source.clone().unwrap_or_default();
        let origin = match source.kind.as_str() {
            "" | "legacy" => Origin::Index,
            "url" => Origin::Url(source.url.clone()),
            "file" => Origin::File(source.url.clone()),
            "directory" => Origin::Directory { path: source.url.clone(), editable: package.develop },
            "git" => Origin::Git {
                url: source.url.clone(),
                commit: source.resolved_reference.or(source.reference).unwrap_or_default(),
                subdirectory: source.subdirectory,
            },
            kind => return Err(wrong(&format!("its source is of the kind `{kind}`, which is not known"))),
        };
        let listed =
            if package.files.is_empty() { self.lock.metadata.files.get(&package.name) } else { None };
        let mut files = Vec::new();
        for file in listed.unwrap_or(&package.files) {
            let hex =
                file.hash.strip_prefix("sha256:").ok_or_else(|| wrong("a file of it has no SHA-256"))?;
            let sha256 = Digest::from_hex(hex).map_err(|error| wrong(&error.to_string()))?;
            let url = matches!(origin, Origin::Url(_)).then(|| source.url.clone());
            let path = matches!(origin, Origin::File(_)).then(|| source.url.clone());
            files.push(LockedFile { name: file.file.clone(), url, path, sha256: Some(sha256), size: None });
        }
        Ok(Pin {
            name: package.name.clone(),
            version: Some(version),
            origin,
            files,
            required_by: BTreeSet::new(),
        })
    }

    /// Compares the digest of the project's wishes; nothing is claimed when either side has none.
    fn check_fresh(&self) -> Result<(), PypiError> {
        let Some(locked) = &self.lock.metadata.content_hash else { return Ok(()) };
        let Some(text) = self.context.project.read(PYPROJECT)? else { return Ok(()) };
        let document: Value = parse_toml(PYPROJECT, &text)?;
        if content_hashes(&document).contains(locked) {
            return Ok(());
        }
        Err(self.context.stale("poetry lock"))
    }
}

/// The digests that Poetry's versions would write: with and without groups, and the one before groups existed.
fn content_hashes(document: &Value) -> Vec<String> {
    let project = document.get("project");
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
    let standard = |key: &'static str| Some((key, Json::Toml(project?.get(key)?)));
    let has_standard = ["requires-python", "dependencies", "optional-dependencies"]
        .map(standard)
        .iter()
        .any(Option::is_some);
    let mut hashes = Vec::new();
    for with_groups in [true, false] {
        for with_group_table in [true, false] {
            let groups = document.get("dependency-groups").filter(|_| with_groups);
            let is_standard = has_standard || groups.is_some();
            let mut own = Vec::new();
            for key in ["dependencies", "source", "extras", "dev-dependencies"] {
                match poetry.and_then(|poetry| poetry.get(key)) {
                    Some(value) => own.push((key, Json::Toml(value))),
                    None if is_standard => {}
                    None => own.push((key, Json::Null)),
                }
            }
            if let Some(value) = poetry.and_then(|poetry| poetry.get("group")).filter(|_| with_group_table) {
                own.push(("group", Json::Toml(value)));
            }
            if !is_standard {
                hashes.push(python_json_sha256(&Json::Object(own), Separators::Spaced));
                continue;
            }
            let mut all = vec![("tool", Json::Object(vec![("poetry", Json::Object(own))]))];
            if has_standard {
                let keys = ["requires-python", "dependencies", "optional-dependencies"];
                all.push(("project", Json::Object(keys.into_iter().filter_map(standard).collect())));
            }
            all.extend(groups.map(|groups| ("dependency-groups", Json::Toml(groups))));
            hashes.push(python_json_sha256(&Json::Object(all), Separators::Spaced));
        }
    }
    hashes
}

fn named(name: &DistributionName) -> String {
    format!("name = \"{name}\"")
}

#[derive(Deserialize)]
struct PoetryLock {
    #[serde(default)]
    package: Vec<Package>,
    metadata: LockMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LockMetadata {
    lock_version: Option<String>,
    python_versions: Option<String>,
    content_hash: Option<String>,
    /// Format 1.1 keeps all files here.
    #[serde(default)]
    files: BTreeMap<DistributionName, Vec<File>>,
}

#[derive(Deserialize)]
struct Package {
    name: DistributionName,
    version: String,
    groups: Option<Vec<DistributionName>>,
    markers: Option<Markers>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    develop: bool,
    #[serde(default)]
    dependencies: BTreeMap<DistributionName, Tables>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    source: Option<Source>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Markers {
    All(String),
    ByGroup(BTreeMap<DistributionName, String>),
}

#[derive(Deserialize)]
struct File {
    file: String,
    hash: String,
}

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    url: String,
    reference: Option<String>,
    resolved_reference: Option<String>,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tables {
    Version(String),
    One(Table),
    Many(Vec<Table>),
}

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
struct Table {
    version: Option<String>,
    optional: bool,
    extras: Vec<DistributionName>,
    markers: Option<String>,
}

impl Tables {
    fn all(&self) -> Vec<Table> {
        match self {
            Self::Version(version) => vec![Table { version: Some(version.clone()), ..Table::default() }],
            Self::One(table) => vec![table.clone()],
            Self::Many(tables) => tables.clone(),
        }
    }
}

#[cfg(test)]
mod tests;

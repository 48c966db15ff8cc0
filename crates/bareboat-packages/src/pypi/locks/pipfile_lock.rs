//! `Pipfile.lock`, specification 6: pinned versions and digests, without file names or addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bareboat_store::Digest;
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use toml::Value;

use super::content_hash::{Json, Separators, python_json_sha256};
use super::toml_file::{line_with, parse_toml};
use super::{LockContext, Locked};
use crate::pypi::declared::pipfile;
use crate::pypi::error::{Place, PypiError};
use crate::pypi::file_name::file_name_of;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::{LockedFile, Origin, Pin};
use crate::pypi::requirement::{Marker, MarkerEnvironment};

/// The pins of `default` and of the categories asked for as groups that apply in the context's environment.
///
/// Files are given by digest only; their names are the digests until the index completes them.
///
/// # Errors
/// Another specification, a lock that the `Pipfile` has outgrown, entries that cannot be understood.
pub fn read_pipfile_lock(context: &LockContext<'_>) -> Result<Locked, PypiError> {
    let lock: PipfileLock = serde_json::from_str(context.text)
        .map_err(|error| PypiError::syntax(Place::line(context.file, error.line()), error))?;
    if lock.meta.specification != 6 {
        let (file, found) = (context.file.to_owned(), lock.meta.specification.to_string());
        return Err(PypiError::LockVersion { file, found, known: "6" });
    }
    let reader = Reader { context };
    reader.check_fresh(lock.meta.hash.sha256.as_deref())?;
    let mut pins: BTreeMap<DistributionName, Pin> = BTreeMap::new();
    for (category, entries) in lock.categories(context.environment) {
        for (name, entry) in entries
            .map_err(|error| PypiError::syntax(Place::file(context.file), format!("`{category}`: {error}")))?
        {
            if let Some(pin) = reader.pin(&name, &entry)? {
                pins.insert(name, pin);
            }
        }
    }
    let mut locked = Locked { pins: pins.into_values().collect(), ..Locked::default() };
    if let Some(version) =
        lock.meta.requires.python_full_version.as_ref().or(lock.meta.requires.python_version.as_ref())
    {
        let star = if version.split('.').count() < 3 { ".*" } else { "" };
        let set = VersionSpecifiers::from_str(&format!("=={version}{star}"))
            .map_err(|error| reader.wrong(version, error))?;
        locked.requires_python.push(set);
    }
    let mut urls = lock.meta.sources.into_iter().map(|source| source.url);
    locked.options.index_url = urls.next();
    locked.options.extra_index_urls = urls.collect();
    Ok(locked)
}

struct Reader<'a> {
    context: &'a LockContext<'a>,
}

impl Reader<'_> {
    fn wrong(&self, needle: &str, why: impl std::fmt::Display) -> PypiError {
        let line = line_with(self.context.text, needle);
        PypiError::syntax(Place { file: self.context.file.to_owned(), line }, why)
    }

    fn pin(&self, name: &DistributionName, entry: &Entry) -> Result<Option<Pin>, PypiError> {
        let wrong = |why: &str| self.wrong(&format!("\"{name}\""), format!("`{name}`: {why}"));
        if let Some(text) = &entry.markers {
            let marker: Marker = text.parse().map_err(|error| self.wrong(text, error))?;
            if !marker.evaluate(self.context.environment) {
                return Ok(None);
            }
        }
        let origin = origin(entry);
        let version = entry.version.as_deref().and_then(|text| text.strip_prefix("=="));
        let version =
            version.map(Version::from_str).transpose().map_err(|_| wrong("its version is not one"))?;
        if version.is_none() && origin == Origin::Index {
            // pipenv leaves wishes for other platforms in the lock, unpinned and without their marker.
            return match self.is_wanted(name)? {
                true => Err(wrong("it is not pinned to a version")),
                false => Ok(None),
            };
        }
        let mut files = Vec::new();
        for hash in &entry.hashes {
            let hex = hash.strip_prefix("sha256:").ok_or_else(|| wrong("a digest of it is not SHA-256"))?;
            let sha256 = Digest::from_hex(hex).map_err(|error| wrong(&error.to_string()))?;
            files.push(file(&origin, sha256));
        }
        if let (Origin::Url(_), [first, ..]) = (&origin, &files[..]) {
            files = vec![first.clone()];
        }
        Ok(Some(Pin { name: name.clone(), version, origin, files, required_by: BTreeSet::new() }))
    }

    /// Whether the `Pipfile` asks for it on the target; true when there is no `Pipfile` to tell.
    fn is_wanted(&self, name: &DistributionName) -> Result<bool, PypiError> {
        let Some(text) = self.context.project.read("Pipfile")? else { return Ok(true) };
        let declared = pipfile::read(&text, self.context.environment)?;
        let mut named = declared.dependencies.iter().chain(declared.groups.values().flatten());
        Ok(named.any(|dependency| dependency.requirement.name == *name))
    }

    /// The indexes as the lock writes them.
    fn sources(&self) -> Option<Value> {
        let lock: serde_json::Value = serde_json::from_str(self.context.text).ok()?;
        Value::try_from(lock.get("_meta")?.get("sources")?).ok()
    }

    fn check_fresh(&self, locked: Option<&str>) -> Result<(), PypiError> {
        let (Some(locked), Some(text)) = (locked, self.context.project.read("Pipfile")?) else {
            return Ok(());
        };
        let mut document: Value = parse_toml("Pipfile", &text)?;
        let mut hashes = content_hashes(&document);
        if let (Some(table), Some(sources)) = (document.as_table_mut(), self.sources()) {
            // Newer pipenv adds its default index to a `Pipfile` that names none, and records it in the lock.
            table.entry("source").or_insert(sources);
            hashes.extend(content_hashes(&document));
        }
        if hashes.iter().any(|hash| hash == locked) {
            return Ok(());
        }
        Err(PypiError::Stale {
            lock: self.context.file.to_owned(),
            why: "`Pipfile` has changed since it was locked".to_owned(),
            renew: "pipenv lock",
        })
    }
}

fn origin(entry: &Entry) -> Origin {
    if let Some(url) = &entry.git {
        let (url, commit) = (url.clone(), entry.reference.clone().unwrap_or_default());
        return Origin::Git { url, commit, subdirectory: entry.subdirectory.clone() };
    }
    let location = entry.file.as_ref().or(entry.path.as_ref()).or(entry.url.as_ref());
    let Some(location) = location else { return Origin::Index };
    if location.contains("://") && !location.starts_with("file:") {
        return Origin::Url(location.clone());
    }
    let path = location.trim_start_matches("file:").trim_start_matches("./");
    let path = if path.is_empty() { "." } else { path }.to_owned();
    match path.ends_with(".whl") || crate::pypi::SdistName::is_sdist(&path) {
        true => Origin::File(path),
        false => Origin::Directory { path, editable: entry.editable },
    }
}

fn file(origin: &Origin, sha256: Digest) -> LockedFile {
    let (url, path) = match origin {
        Origin::Url(url) => (Some(url.clone()), None),
        Origin::File(path) => (None, Some(path.clone())),
        _ => (None, None),
    };
    let name = url.as_deref().or(path.as_deref()).and_then(file_name_of).unwrap_or_else(|| sha256.hex());
    LockedFile { name, url, path, sha256: Some(sha256), size: None }
}

/// The digests that pipenv could have written; further categories are in it since 2022.
fn content_hashes(document: &Value) -> Vec<String> {
    let table = |key: &str| Json::or(document.get(key), Json::EmptyObject);
    let meta = || {
        Json::Object(vec![
            ("sources", Json::or(document.get("source"), Json::EmptyList)),
            ("requires", table("requires")),
        ])
    };
    let plain =
        || vec![("_meta", meta()), ("default", table("packages")), ("develop", table("dev-packages"))];
    let mut whole = plain();
    let sections = document.as_table().into_iter().flatten();
    let categories = sections.filter(|(name, _)| !SECTIONS.contains(&name.as_str()));
    whole.extend(categories.map(|(name, value)| (name.as_str(), Json::or(Some(value), Json::EmptyObject))));
    [whole, plain()].map(|members| python_json_sha256(&Json::Object(members), Separators::Compact)).to_vec()
}

/// Tables of a `Pipfile` that are no categories of packages.
const SECTIONS: &[&str] =
    &["source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv", "default", "develop"];

#[derive(Deserialize)]
struct PipfileLock {
    #[serde(rename = "_meta")]
    meta: Meta,
    #[serde(flatten)]
    categories: BTreeMap<String, serde_json::Value>,
}

type Entries = BTreeMap<DistributionName, Entry>;

impl PipfileLock {
    /// `default` and the categories that were asked for.
    fn categories(&self, environment: &MarkerEnvironment) -> Vec<(String, serde_json::Result<Entries>)> {
        let wanted = |category: &str| {
            let group = DistributionName::new(category).ok();
            category == "default" || group.is_some_and(|group| environment.groups.contains(&group))
        };
        let found = self.categories.iter().filter(|(category, _)| wanted(category));
        found.map(|(category, value)| (category.clone(), Entries::deserialize(value))).collect()
    }
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    hash: MetaHash,
    #[serde(rename = "pipfile-spec", default)]
    specification: u32,
    #[serde(default)]
    requires: Requires,
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Deserialize, Default)]
struct MetaHash {
    sha256: Option<String>,
}

#[derive(Deserialize, Default)]
struct Requires {
    python_version: Option<String>,
    python_full_version: Option<String>,
}

#[derive(Deserialize)]
struct Source {
    url: String,
}

#[derive(Deserialize)]
struct Entry {
    version: Option<String>,
    #[serde(default)]
    hashes: Vec<String>,
    markers: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    subdirectory: Option<String>,
    path: Option<String>,
    file: Option<String>,
    url: Option<String>,
    #[serde(default)]
    editable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::project::ProjectDir;
    use crate::pypi::target::{PythonVersion, Target};

    const PIPFILE: &str = "[packages]\nflask = \">=3\"\ncolorama = {version = \"*\", sys_platform = \"== 'win32'\"}\n[requires]\npython_version = \"3.11\"\n";

    fn read(pipfile: Option<&str>, text: &str, groups: &[&str]) -> Result<Locked, PypiError> {
        let directory = tempfile::tempdir().unwrap();
        if let Some(pipfile) = pipfile {
            std::fs::write(directory.path().join("Pipfile"), pipfile).unwrap();
        }
        let target = Target::new(PythonVersion::new(3, 11, 2), (2, 36), Architecture::Amd64);
        let mut environment = MarkerEnvironment::new(&target);
        environment.groups.extend(groups.iter().map(|group| DistributionName::new(group).unwrap()));
        let project = ProjectDir::new(directory.path());
        read_pipfile_lock(&LockContext {
            project: &project,
            file: "Pipfile.lock",
            text,
            environment: &environment,
        })
    }

    fn lock(hash: &str) -> String {
        let sha256 = format!("sha256:{}", "1".repeat(64));
        format!(
            r#"{{
    "_meta": {{
        "hash": {{ "sha256": "{hash}" }},
        "pipfile-spec": 6,
        "requires": {{ "python_version": "3.11" }},
        "sources": [{{ "name": "pypi", "url": "https://index.test/simple", "verify_ssl": true }}]
    }},
    "default": {{
        "Flask": {{ "hashes": ["{sha256}"], "index": "pypi", "markers": "python_version >= '3.9'", "version": "==3.1.3" }},
        "colorama": {{ "version": "*" }},
        "tomli": {{ "hashes": ["{sha256}"], "markers": "python_version < '3.11'", "version": "==2" }},
        "util": {{ "editable": true, "path": "./util" }},
        "six": {{ "file": "https://files.test/six-1-py3-none-any.whl", "hashes": ["{sha256}"] }},
        "forked": {{ "git": "https://git.test/x.git", "ref": "0123abc" }}
    }},
    "develop": {{ "pytest": {{ "hashes": [], "version": "==8" }} }},
    "prod": {{ "gunicorn": {{ "hashes": ["{sha256}"], "version": "==22.0" }} }}
}}"#
        )
    }

    #[test]
    fn reads_what_applies_to_the_target() {
        // The digest is pipenv's own for this file.
        let text = lock("61e0dc0a5347367d2f400fc2be7e85b4c6607e9918660fb18eabdf4f29235fbc");
        let locked = read(Some(PIPFILE), &text, &["prod"]).unwrap();
        let names: Vec<String> =
            locked.pins.iter().map(|pin| format!("{} {}", pin.name, pin.version_text())).collect();
        assert_eq!(names, ["flask 3.1.3", "forked ?", "gunicorn 22.0", "six ?", "util ?"]);
        assert_eq!(locked.pins[4].origin, Origin::Directory { path: "util".into(), editable: true });
        assert_eq!(locked.pins[3].files[0].name, "six-1-py3-none-any.whl");
        assert_eq!(locked.options.index_url.as_deref(), Some("https://index.test/simple"));
        assert!(locked.requires_python[0].contains(&"3.11.2".parse().unwrap()));
    }

    #[test]
    fn counts_the_default_index_and_categories_into_the_digest() {
        // Made with pipenv's own hash function: no `[[source]]`, a further category, scripts.
        let pipfile = "[packages]\nflask = \">=3\"\n[docs]\nsix = \"*\"\n[scripts]\nx = \"y\"\n";
        assert!(
            read(
                Some(pipfile),
                &lock("400e33f706ab3ceee24b9e0a4a7c80ffe0906c784d04bb62a104e3aa6239c31e")
                    .replace("\"colorama\"", "\"util2\"")
                    .replace("\"version\": \"*\"", "\"version\": \"==1\""),
                &[]
            )
            .is_ok()
        );
    }

    #[test]
    fn refuses_stale_unpinned_and_broken_locks() {
        let error = read(Some(PIPFILE), &lock("00"), &[]).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("run `pipenv lock`"));
        let error = read(None, &lock("00"), &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "`Pipfile.lock:10` cannot be understood: `colorama`: it is not pinned to a version"
        );
        for (text, expected) in [
            ("{\"_meta\": {\"pipfile-spec\": 5}}", "has lock format 5"),
            ("{\n\"_meta\": 3}", "Pipfile.lock:2"),
            ("{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"-\": {}}}", "`default`"),
        ] {
            let error = read(None, text, &[]).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

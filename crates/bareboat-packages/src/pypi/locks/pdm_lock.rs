//! `pdm.lock`, formats 4.x.
//!
//! With the strategy `inherit_metadata` (the default since PDM 2.11) every package says for which groups and under
//! which marker it is; without it the graph is walked from the `pyproject.toml`. Files have addresses only with the
//! strategy `static_urls`; otherwise the index completes them.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bareboat_store::Digest;
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use toml::Value;

use super::content_hash::{Json, Separators, python_json_sha256};
use super::graph::{Edge, Node, pins_with_dependents, walk_from_project};
use super::toml_file::parse_toml;
use super::{LockContext, Locked};
use crate::pypi::declared::PYPROJECT;
use crate::pypi::error::PypiError;
use crate::pypi::file_name::file_name_of;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::{LockedFile, Origin, Pin};
use crate::pypi::requirement::{Marker, Requirement};

/// The pins that the project needs in the context's environment: the group `default`, extras and groups asked for.
///
/// # Errors
/// Another lock version, a lock that the project has outgrown, entries that cannot be understood.
pub fn read_pdm_lock(context: &LockContext<'_>) -> Result<Locked, PypiError> {
    let lock: PdmLock = parse_toml(context.file, context.text)?;
    if lock.metadata.lock_version.split('.').next() != Some("4") {
        let (file, found) = (context.file.to_owned(), lock.metadata.lock_version);
        return Err(PypiError::LockVersion { file, found, known: "4.x" });
    }
    let reader = Reader { context, lock: &lock };
    reader.check_fresh()?;
    let mut requires_python = Vec::new();
    for text in lock.metadata.targets.iter().filter_map(|target| target.requires_python.as_ref()) {
        requires_python.push(VersionSpecifiers::from_str(text).map_err(|error| context.wrong(text, error))?);
    }
    let inherits = lock.metadata.strategy.iter().any(|strategy| strategy == "inherit_metadata");
    let pins = if inherits { reader.filtered()? } else { reader.walked()? };
    Ok(Locked { requires_python, pins, ..Locked::default() })
}

struct Reader<'a> {
    context: &'a LockContext<'a>,
    lock: &'a PdmLock,
}

impl Reader<'_> {
    fn filtered(&self) -> Result<Vec<Pin>, PypiError> {
        let environment = self.context.environment;
        let wanted = |group: &DistributionName| {
            group.as_str() == "default"
                || environment.groups.contains(group)
                || environment.extras.contains(group)
        };
        let mut pins: BTreeMap<DistributionName, Pin> = BTreeMap::new();
        let mut required_by: BTreeMap<DistributionName, BTreeSet<DistributionName>> = BTreeMap::new();
        for package in &self.lock.package {
            if !package.groups.iter().any(wanted) || !self.applies(package)? {
                continue;
            }
            for edge in self.edges(package)?.iter().filter(|edge| edge.name != package.name) {
                required_by.entry(edge.name.clone()).or_default().insert(package.name.clone());
            }
            // A package has an entry more for every set of extras; they differ in their dependencies only.
            let pin = self.pin(package)?;
            let known = pins.entry(package.name.clone()).or_insert_with(|| pin.clone());
            if known.version != pin.version {
                return Err(self.context.wrong(
                    &named(&package.name),
                    format!("`{}`: two versions apply at once", package.name),
                ));
            }
        }
        Ok(pins_with_dependents(pins, required_by))
    }

    fn applies(&self, package: &Package) -> Result<bool, PypiError> {
        let Some(text) = &package.marker else { return Ok(true) };
        let marker: Marker = text.parse().map_err(|error| self.context.wrong(text, error))?;
        Ok(marker.evaluate(self.context.environment))
    }

    fn walked(&self) -> Result<Vec<Pin>, PypiError> {
        let mut nodes = Vec::new();
        for package in &self.lock.package {
            let extras = package.extras.iter().cloned().collect();
            nodes.push(Node { pin: self.pin(package)?, extras, edges: self.edges(package)? });
        }
        walk_from_project(self.context, &nodes, "`pdm lock --update-reuse`")
    }

    fn edges(&self, package: &Package) -> Result<Vec<Edge>, PypiError> {
        let parse = |text: &String| {
            let requirement: Requirement = text.parse().map_err(|error| self.context.wrong(text, error))?;
            Ok(Edge::from(&requirement))
        };
        package.dependencies.iter().map(parse).collect()
    }

    fn pin(&self, package: &Package) -> Result<Pin, PypiError> {
        let wrong =
            |why: &str| self.context.wrong(&named(&package.name), format!("`{}`: {why}", package.name));
        let version = package.version.as_deref().map(Version::from_str).transpose();
        let version = version.map_err(|_| wrong("its version is not one"))?;
        let origin = match package {
            Package { git: Some(url), .. } => Origin::Git {
                url: url.clone(),
                commit: package.revision.clone().ok_or_else(|| wrong("its repository has no commit"))?,
                subdirectory: package.subdirectory.clone(),
            },
            Package { url: Some(url), .. } => Origin::Url(url.clone()),
            Package { path: Some(path), .. } => {
                let path = path.strip_prefix("./").unwrap_or(path).to_owned();
                let is_file = path.ends_with(".whl") || crate::pypi::SdistName::is_sdist(&path);
                if is_file {
                    Origin::File(path)
                } else {
                    Origin::Directory { path, editable: package.editable }
                }
            }
            _ => Origin::Index,
        };
        let files =
            package.files.iter().map(|file| self.file(package, &origin, file)).collect::<Result<_, _>>()?;
        Ok(Pin { name: package.name.clone(), version, origin, files, required_by: BTreeSet::new() })
    }

    fn file(&self, package: &Package, origin: &Origin, file: &File) -> Result<LockedFile, PypiError> {
        let wrong =
            |why: &str| self.context.wrong(&named(&package.name), format!("`{}`: {why}", package.name));
        let url = match origin {
            Origin::Url(url) => Some(url.clone()),
            _ => file.url.clone(),
        };
        let path = if let Origin::File(path) = origin { Some(path.clone()) } else { None };
        let name = file.file.clone().or_else(|| url.as_deref().and_then(file_name_of));
        let name = name.ok_or_else(|| wrong("a file of it has no name"))?;
        let hex = file.hash.strip_prefix("sha256:").ok_or_else(|| wrong("a file of it has no SHA-256"))?;
        let sha256 = Digest::from_hex(hex).map_err(|error| wrong(&error.to_string()))?;
        Ok(LockedFile { name, url, path, sha256: Some(sha256), size: None })
    }

    fn check_fresh(&self) -> Result<(), PypiError> {
        let Some(locked) = &self.lock.metadata.content_hash else { return Ok(()) };
        let Some(text) = self.context.project.read(PYPROJECT)? else { return Ok(()) };
        let document: Value = parse_toml(PYPROJECT, &text)?;
        // Older development groups are merged in a way that depends on PDM's version: nothing is claimed then.
        let settings = document.get("tool").and_then(|tool| tool.get("pdm"));
        if settings.is_some_and(|settings| settings.get("dev-dependencies").is_some()) {
            return Ok(());
        }
        if locked
            .strip_prefix("sha256:")
            .is_none_or(|locked| content_hashes(&document).iter().any(|hash| hash == locked))
        {
            return Ok(());
        }
        Err(self.context.stale("pdm lock"))
    }
}

/// The digests that PDM's versions would write: `resolution` replaced `overrides` in 2.10.
fn content_hashes(document: &Value) -> Vec<String> {
    let settings = document.get("tool").and_then(|tool| tool.get("pdm"));
    let of_project = |key: &str| document.get("project").and_then(|project| project.get(key));
    let entries = || {
        vec![
            ("sources", Json::or(settings.and_then(|settings| settings.get("source")), Json::EmptyList)),
            ("dependencies", Json::or(of_project("dependencies"), Json::EmptyList)),
            ("dev-dependencies", Json::or(document.get("dependency-groups"), Json::EmptyObject)),
            ("optional-dependencies", Json::or(of_project("optional-dependencies"), Json::EmptyObject)),
            ("requires-python", Json::or(of_project("requires-python"), Json::Text(""))),
        ]
    };
    let resolution = || settings.and_then(|settings| settings.get("resolution"));
    let overrides = resolution().and_then(|resolution| resolution.get("overrides"));
    let endings = [
        ("resolution", Json::or(resolution(), Json::EmptyObject)),
        ("overrides", Json::or(overrides, Json::EmptyObject)),
    ];
    let hashed = endings.into_iter().map(|ending| {
        let all = entries().into_iter().chain([ending]).collect();
        python_json_sha256(&Json::Object(all), Separators::Spaced)
    });
    hashed.collect()
}

fn named(name: &DistributionName) -> String {
    format!("name = \"{name}\"")
}

#[derive(Deserialize)]
struct PdmLock {
    metadata: LockMetadata,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct LockMetadata {
    #[serde(default)]
    lock_version: String,
    #[serde(default)]
    strategy: Vec<String>,
    content_hash: Option<String>,
    #[serde(default)]
    targets: Vec<LockTarget>,
}

#[derive(Deserialize)]
struct LockTarget {
    requires_python: Option<String>,
}

#[derive(Deserialize)]
struct Package {
    name: DistributionName,
    version: Option<String>,
    #[serde(default)]
    extras: Vec<DistributionName>,
    #[serde(default)]
    groups: Vec<DistributionName>,
    marker: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    files: Vec<File>,
    git: Option<String>,
    revision: Option<String>,
    subdirectory: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
struct File {
    file: Option<String>,
    url: Option<String>,
    hash: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::project::ProjectDir;
    use crate::pypi::requirement::MarkerEnvironment;
    use crate::pypi::target::{PythonVersion, Target};

    const PROJECT: &str = "[project]\nname = \"pd\"\nversion = \"0.1\"\nrequires-python = \">=3.11\"\ndependencies = [\"flask>=3\", \"uvicorn[standard]\"]\n[project.optional-dependencies]\ntui = [\"rich\"]\n[dependency-groups]\ndev = [\"pytest\"]\n";

    fn read(text: &str, extras: &[&str]) -> Result<Locked, PypiError> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(PYPROJECT), PROJECT).unwrap();
        let target = Target::new(PythonVersion::new(3, 13, 2), (2, 41), Architecture::Amd64);
        let mut environment = MarkerEnvironment::new(&target);
        environment.extras.extend(extras.iter().map(|extra| DistributionName::new(extra).unwrap()));
        let project = ProjectDir::new(directory.path());
        read_pdm_lock(&LockContext { project: &project, file: "pdm.lock", text, environment: &environment })
    }

    fn names(locked: &Locked) -> Vec<String> {
        locked.pins.iter().map(|pin| format!("{} {}", pin.name, pin.version_text())).collect()
    }

    fn package(name: &str, version: &str, rest: &str) -> String {
        let hash = Digest::of(name).hex();
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsummary = \"\"\n{rest}\nfiles = [\n    {{file = \"{name}-{version}-py3-none-any.whl\", hash = \"sha256:{hash}\"}},\n]\n"
        )
    }

    fn lock(strategy: &str, grouped: bool) -> String {
        let groups = |names: &str| if grouped { format!("groups = [{names}]\n") } else { String::new() };
        let default = groups("\"default\"");
        [
            format!("[metadata]\ngroups = [\"default\", \"dev\", \"tui\"]\nstrategy = [{strategy}]\nlock_version = \"4.5.0\"\n[[metadata.targets]]\nrequires_python = \">=3.11\"\n"),
            package("flask", "3.0.3", &format!("{default}dependencies = [\"click>=8.1\", \"colorama; sys_platform == 'win32'\"]")),
            package("click", "8.1.7", &default),
            package("colorama", "0.4.6", &format!("{default}marker = \"sys_platform == \\\"win32\\\"\"")),
            package("uvicorn", "0.30", &format!("{default}dependencies = [\"click>=7\"]")),
            package("uvicorn", "0.30", &format!("{default}extras = [\"standard\"]\ndependencies = [\"uvicorn==0.30\", \"uvloop>=0.14\"]")),
            package("uvloop", "0.20", &default),
            package("rich", "13", &groups("\"tui\"")),
            package("pytest", "8", &groups("\"dev\"")),
        ]
        .join("\n")
    }

    #[test]
    fn reads_locks_with_and_without_inherited_metadata_alike() {
        let expected = ["click 8.1.7", "flask 3.0.3", "uvicorn 0.30", "uvloop 0.20"];
        for (strategy, grouped) in [("\"inherit_metadata\"", true), ("\"cross_platform\"", false)] {
            let locked = read(&lock(strategy, grouped), &[]).unwrap();
            assert_eq!(names(&locked), expected, "{strategy}");
            let dependents: Vec<_> =
                locked.pins[0].required_by.iter().map(DistributionName::as_str).collect();
            assert_eq!(dependents, ["flask", "uvicorn"], "{strategy}");
            assert_eq!(names(&read(&lock(strategy, grouped), &["tui"]).unwrap())[2], "rich 13", "{strategy}");
            assert_eq!(locked.requires_python[0].to_string(), ">=3.11");
        }
    }

    #[test]
    fn reads_every_kind_of_source() {
        let head = "[metadata]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n";
        let of = |rest: &str| {
            format!("[[package]]\nname = \"x\"\nversion = \"1\"\ngroups = [\"default\"]\n{rest}\n")
        };
        let origin = |rest: &str| read(&format!("{head}{}", of(rest)), &[]).unwrap().pins.remove(0);
        assert_eq!(
            origin("path = \"./util\"\neditable = true").origin,
            Origin::Directory { path: "util".into(), editable: true }
        );
        let git =
            origin("git = \"https://git.test/x\"\nref = \"main\"\nrevision = \"0123\"\nsubdirectory = \"s\"")
                .origin;
        assert_eq!(
            git,
            Origin::Git {
                url: "https://git.test/x".into(),
                commit: "0123".into(),
                subdirectory: Some("s".into())
            }
        );
        let hash = "0".repeat(64);
        let url = origin(&format!(
            "files = [{{url = \"https://files.test/x-1-py3-none-any.whl\", hash = \"sha256:{hash}\"}}]"
        ));
        assert_eq!((url.origin, url.files[0].name.as_str()), (Origin::Index, "x-1-py3-none-any.whl"));
        assert_eq!(url.files[0].url.as_deref(), Some("https://files.test/x-1-py3-none-any.whl"));
    }

    #[test]
    fn refuses_other_versions_and_stale_locks() {
        let error = read("[metadata]\nlock_version = \"5.0\"\n", &[]).unwrap_err();
        assert_eq!(error.to_string(), "`pdm.lock` has lock format 5.0; bareboat reads 4.x");
        let head = |hash: &str| {
            format!(
                "[metadata]\nlock_version = \"4.5.0\"\nstrategy = [\"inherit_metadata\"]\ncontent_hash = \"sha256:{hash}\"\n"
            )
        };
        // The digest is PDM's own for this project.
        assert!(read(&head("45af766fe9312b71b7bb1107881967606de0a565f6561424861c0f6b07a52a82"), &[]).is_ok());
        let error = read(&head("00"), &[]).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("run `pdm lock`"));
    }
}

//! `pylock.toml` (PEP 751), also what the resolver answers with.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bareboat_store::Digest;
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;

use super::Locked;
use super::toml_file::{line_with, parse_toml};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::file_name::file_name_of;
use crate::pypi::name::DistributionName;
use crate::pypi::pin::{LockedFile, Origin, Pin};
use crate::pypi::requirement::{Marker, MarkerEnvironment};

/// The pins of `text` that apply in `environment`, whose extras and groups are those that were asked for.
///
/// The file's own default groups are added, as PEP 751 says an installer does.
///
/// # Errors
/// Another lock version, an environment that the file does not cover, two entries for one distribution.
pub fn read_pylock(file: &str, text: &str, environment: &MarkerEnvironment) -> Result<Locked, PypiError> {
    let lock: Pylock = parse_toml(file, text)?;
    if lock.lock_version.split('.').next() != Some("1") {
        return Err(PypiError::LockVersion { file: file.to_owned(), found: lock.lock_version, known: "1.x" });
    }
    let reader = Reader { file, text };
    let mut environment = environment.clone();
    environment.groups.extend(lock.default_groups.iter().cloned());
    reader.check_covered(&lock.environments, &environment)?;
    let mut pins: BTreeMap<DistributionName, Pin> = BTreeMap::new();
    let mut required_by: BTreeMap<DistributionName, BTreeSet<DistributionName>> = BTreeMap::new();
    for package in lock.packages {
        if !reader.applies(package.marker.as_deref(), &environment)? {
            continue;
        }
        for dependency in &package.dependencies {
            required_by.entry(dependency.name.clone()).or_default().insert(package.name.clone());
        }
        let name = package.name.clone();
        if pins.insert(name.clone(), reader.pin(package)?).is_some() {
            return Err(reader.wrong(&name, "two entries of it apply at once"));
        }
    }
    for (name, pin) in &mut pins {
        pin.required_by = required_by.remove(name).unwrap_or_default();
    }
    Ok(Locked {
        requires_python: reader.requires_python(lock.requires_python.as_deref())?.into_iter().collect(),
        pins: pins.into_values().collect(),
        ..Locked::default()
    })
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn check_covered(
        &self,
        environments: &[String],
        environment: &MarkerEnvironment,
    ) -> Result<(), PypiError> {
        for marker in environments {
            if self.applies(Some(marker), environment)? {
                return Ok(());
            }
        }
        if environments.is_empty() {
            return Ok(());
        }
        Err(PypiError::Unsupported {
            place: Place::file(self.file),
            what: format!("it was locked only for {}", environments.join(" and for ")),
            instead: "lock the project again, for Linux too".to_owned(),
        })
    }

    fn applies(&self, marker: Option<&str>, environment: &MarkerEnvironment) -> Result<bool, PypiError> {
        let Some(text) = marker else { return Ok(true) };
        let place = || Place { file: self.file.to_owned(), line: line_with(self.text, text) };
        let marker = Marker::from_str(text).map_err(|error| PypiError::syntax(place(), error))?;
        Ok(marker.evaluate(environment))
    }

    fn requires_python(&self, text: Option<&str>) -> Result<Option<VersionSpecifiers>, PypiError> {
        let place = Place { file: self.file.to_owned(), line: line_with(self.text, "requires-python") };
        text.map(VersionSpecifiers::from_str).transpose().map_err(|error| PypiError::syntax(place, error))
    }

    fn wrong(&self, name: &DistributionName, why: &str) -> PypiError {
        let line = line_with(self.text, &format!("name = \"{name}\""));
        PypiError::syntax(Place { file: self.file.to_owned(), line }, format!("`{name}`: {why}"))
    }

    fn pin(&self, package: Package) -> Result<Pin, PypiError> {
        let origin = self.origin(&package)?;
        let version = package.version.as_deref().map(Version::from_str).transpose();
        let version = version.map_err(|_| self.wrong(&package.name, "its version is not one"))?;
        let mut files = Vec::new();
        for artifact in package.wheels.iter().chain(&package.sdist).chain(&package.archive) {
            files.push(self.file(&package.name, artifact)?);
        }
        Ok(Pin { name: package.name, version, origin, files, required_by: BTreeSet::new() })
    }

    fn origin(&self, package: &Package) -> Result<Origin, PypiError> {
        let missing = |what| self.wrong(&package.name, what);
        if let Some(directory) = &package.directory {
            let path = match &directory.subdirectory {
                Some(below) => format!("{}/{below}", directory.path),
                None => directory.path.clone(),
            };
            return Ok(Origin::Directory { path, editable: directory.editable });
        }
        if let Some(vcs) = &package.vcs {
            if vcs.kind != "git" {
                return Err(missing("it comes from a repository that is not Git"));
            }
            let url = vcs
                .url
                .clone()
                .or_else(|| vcs.path.clone())
                .ok_or_else(|| missing("its repository has no URL"))?;
            return Ok(Origin::Git {
                url,
                commit: vcs.commit_id.clone(),
                subdirectory: vcs.subdirectory.clone(),
            });
        }
        Ok(match &package.archive {
            Some(Artifact { url: Some(url), .. }) => Origin::Url(url.clone()),
            Some(Artifact { path: Some(path), .. }) => Origin::File(path.clone()),
            Some(_) => return Err(missing("its archive has neither URL nor path")),
            None => Origin::Index,
        })
    }

    fn file(&self, package: &DistributionName, artifact: &Artifact) -> Result<LockedFile, PypiError> {
        let location = artifact.url.as_deref().or(artifact.path.as_deref());
        let name = artifact.name.clone().or_else(|| location.and_then(file_name_of));
        let name = name.ok_or_else(|| self.wrong(package, "a file of it has no name"))?;
        let sha256 = artifact.hashes.get("sha256").map(|hex| Digest::from_hex(hex)).transpose();
        let sha256 = sha256.map_err(|error| self.wrong(package, &error.to_string()))?;
        let (url, path) = (artifact.url.clone(), artifact.path.clone());
        Ok(LockedFile { name, url, path, sha256, size: artifact.size })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pylock {
    lock_version: String,
    #[serde(default)]
    environments: Vec<String>,
    requires_python: Option<String>,
    #[serde(default)]
    default_groups: Vec<DistributionName>,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: DistributionName,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    vcs: Option<Vcs>,
    directory: Option<Directory>,
    archive: Option<Artifact>,
    sdist: Option<Artifact>,
    #[serde(default)]
    wheels: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Dependency {
    name: DistributionName,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
    path: Option<String>,
    commit_id: String,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct Directory {
    path: String,
    #[serde(default)]
    editable: bool,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct Artifact {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::target::{PythonVersion, Target};

    fn environment() -> MarkerEnvironment {
        MarkerEnvironment::new(&Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64))
    }

    fn read(text: &str) -> Result<Locked, PypiError> {
        read_pylock("pylock.toml", text, &environment())
    }

    const HEAD: &str = "lock-version = \"1.0\"\nrequires-python = \">=3.10\"\ncreated-by = \"test\"\ndefault-groups = [\"main\"]\n";

    #[test]
    fn keeps_what_applies_to_the_target_and_its_default_groups() {
        let text = format!(
            r#"{HEAD}
[[packages]]
name = "Flask"
version = "3.0.3"
marker = "'main' in dependency_groups"
dependencies = [{{ name = "click" }}]
wheels = [{{ url = "https://files.test/a/flask-3.0.3-py3-none-any.whl", upload-time = 2024-04-07T19:26:08Z, size = 9, hashes = {{ sha256 = "{ZEROS}" }} }}]

[[packages]]
name = "click"
version = "8.1.7"
sdist = {{ name = "click-8.1.7.tar.gz", path = "vendor/click-8.1.7.tar.gz", hashes = {{ md5 = "00" }} }}

[[packages]]
name = "colorama"
version = "0.4.6"
marker = "sys_platform == 'win32'"

[[packages]]
name = "pytest"
marker = "'dev' in dependency_groups or 'test' in extras"

[[packages]]
name = "local"
directory = {{ path = "libs", editable = true, subdirectory = "local" }}

[[packages]]
name = "forked"
vcs = {{ type = "git", url = "https://git.test/x.git", commit-id = "abc", subdirectory = "py" }}

[[packages]]
name = "one"
archive = {{ url = "https://files.test/one-1.zip", hashes = {{ sha256 = "{ZEROS}" }} }}
"#
        );
        let locked = read(&text).unwrap();
        assert_eq!(locked.requires_python[0].to_string(), ">=3.10");
        let names: Vec<_> = locked.pins.iter().map(|pin| pin.name.as_str()).collect();
        assert_eq!(names, ["click", "flask", "forked", "local", "one"]);
        assert_eq!(locked.pins[0].required_by.first().map(DistributionName::as_str), Some("flask"));
        assert_eq!(locked.pins[0].files[0].path.as_deref(), Some("vendor/click-8.1.7.tar.gz"));
        assert_eq!(locked.pins[1].files[0].name, "flask-3.0.3-py3-none-any.whl");
        assert_eq!(locked.pins[1].files[0].size, Some(9));
        assert_eq!(
            locked.pins[2].origin,
            Origin::Git {
                url: "https://git.test/x.git".into(),
                commit: "abc".into(),
                subdirectory: Some("py".into())
            }
        );
        assert_eq!(locked.pins[3].origin, Origin::Directory { path: "libs/local".into(), editable: true });
        assert_eq!(locked.pins[4].origin, Origin::Url("https://files.test/one-1.zip".into()));
    }

    #[test]
    fn refuses_what_it_cannot_honour() {
        let twice = "[[packages]]\nname = \"a\"\nversion = \"1\"\n".repeat(2);
        for (text, expected) in [
            ("lock-version = \"2.0\"\n".to_owned(), "lock format 2.0"),
            (
                format!("{HEAD}environments = [\"sys_platform == 'win32'\"]\n"),
                "locked only for sys_platform == 'win32'",
            ),
            (format!("{HEAD}{twice}"), "pylock.toml:6` cannot be understood: `a`: two entries"),
            (format!("{HEAD}[[packages]]\nname = \"a\"\nversion = \"x y\"\n"), "its version is not one"),
            (format!("{HEAD}[[packages]]\nname = \"a\"\nmarker = \"nope\"\n"), "pylock.toml:7"),
            (format!("{HEAD}[[packages]\n"), "pylock.toml:5"),
            (
                format!("{HEAD}[[packages]]\nname = \"a\"\nwheels = [{{ url = \"https://files.test/\" }}]\n"),
                "has no name",
            ),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
}

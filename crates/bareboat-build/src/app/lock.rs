//! `bareboat.lock`: everything that goes into an image, by digest, for one application.
//!
//! With a lock no index is read and no resolver runs. It holds archive paths and digests but no host names: where
//! the archives are is the machine's business.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_packages::deb::{Architecture, ArchiveDate, DebianRelease, DebianReleaseError, LockedDeb};
use bareboat_packages::pypi::{DistributionKind, DistributionName, LockedDistribution};
use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

use super::plain_file;
use crate::BuildError;

/// The file's name, beside the application.
pub const FILE_NAME: &str = "bareboat.lock";

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// What was locked for one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockFile {
    /// Format version.
    pub version: u32,
    /// Digest of what was asked for: requirements, configuration, target. Another one means the lock is stale.
    pub inputs: Digest,
    /// Debian's codename: `trixie`.
    pub debian: String,
    /// The interpreter's full version: `3.13.5`.
    pub python: String,
    /// Date of each suite that was read, `Date` of its `Release` file, by suite name.
    pub suites: BTreeMap<String, ArchiveDate>,
    /// Per architecture (`amd64`), what goes in.
    pub architectures: BTreeMap<String, Locked>,
    /// Per architecture of the machine that builds, what source distributions are built with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<String, LockedBuilds>,
}

/// What source distributions are built with on one architecture. None of it goes into an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedBuilds {
    /// Debian packages of the sandbox, by name.
    #[serde(default)]
    pub packages: Vec<LockedDeb>,
    /// One per source distribution, by name.
    #[serde(default)]
    pub sources: Vec<LockedSource>,
}

/// What one source distribution is built with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedSource {
    /// The distribution.
    pub name: DistributionName,
    /// The digest of its source distribution.
    pub sha256: Digest,
    /// Its build requirements, all wheels, by name.
    #[serde(default)]
    pub requirements: Vec<LockedDistribution>,
}

/// What goes into the image of one architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Locked {
    /// Debian packages, by name.
    #[serde(default)]
    pub packages: Vec<LockedDeb>,
    /// The tools of the debug variant. They are locked for every application, and fetched for a debug image only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debug: Vec<LockedDeb>,
    /// Python distributions, by name.
    #[serde(default)]
    pub distributions: Vec<LockedDistribution>,
}

impl Locked {
    /// The distributions that have to be built from a source distribution.
    pub fn sources(&self) -> impl Iterator<Item = &LockedDistribution> {
        self.distributions.iter().filter(|one| one.kind == DistributionKind::Sdist)
    }
}

impl LockFile {
    /// A lock of the current format.
    pub fn new(inputs: Digest, debian: &str, python: &str) -> Self {
        Self {
            version: VERSION,
            inputs,
            debian: debian.to_owned(),
            python: python.to_owned(),
            suites: BTreeMap::new(),
            architectures: BTreeMap::new(),
            builds: BTreeMap::new(),
        }
    }

    /// The Debian release.
    ///
    /// # Errors
    /// A codename this program does not know.
    pub fn release(&self) -> Result<DebianRelease, BuildError> {
        self.debian
            .parse()
            .map_err(|error: DebianReleaseError| BuildError::LockFile { reason: error.to_string() })
    }

    /// What is locked for `architecture`.
    ///
    /// # Errors
    /// Nothing is.
    pub fn locked(&self, architecture: Architecture) -> Result<&Locked, BuildError> {
        let name = architecture.debian();
        self.architectures.get(name).ok_or_else(|| BuildError::NotLocked { architecture: name.to_owned() })
    }

    /// What is locked for building on a machine of `architecture`; nothing when nothing has to be built.
    pub fn builds(&self, architecture: Architecture) -> LockedBuilds {
        self.builds.get(architecture.debian()).cloned().unwrap_or_default()
    }

    /// True when a machine of `architecture` can build every source distribution that is locked.
    pub fn builds_everything(&self, architecture: Architecture) -> bool {
        let known: BTreeSet<Digest> =
            self.builds(architecture).sources.iter().map(|source| source.sha256).collect();
        let sources = self.architectures.values().flat_map(Locked::sources);
        sources.filter_map(|one| one.sha256).all(|digest| known.contains(&digest))
    }

    /// The date of the newest suite, in seconds since 1970.
    pub fn newest_suite(&self) -> Option<i64> {
        self.suites.values().map(|date| i64::try_from(date.unix()).unwrap_or(i64::MAX)).max()
    }

    /// Reads the lock beside the application; `None` when there is none.
    ///
    /// # Errors
    /// It is there but is not a lock this program can read.
    pub fn read(directory: &Path) -> Result<Option<Self>, BuildError> {
        let path = directory.join(FILE_NAME);
        let text = match plain_file::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(BuildError::Read { path: path.display().to_string(), reason: error.to_string() });
            }
        };
        Self::parse(&text).map(Some)
    }

    /// Parses the text of a lock.
    ///
    /// # Errors
    /// As [`LockFile::read`].
    pub fn parse(text: &str) -> Result<Self, BuildError> {
        let newer = toml::from_str::<toml::Table>(text)
            .ok()
            .and_then(|table| table.get("version")?.as_integer())
            .is_some_and(|version| version != i64::from(VERSION));
        if newer {
            return Err(BuildError::LockFile { reason: "another version of bareboat wrote it".to_owned() });
        }
        toml::from_str(text).map_err(|error| BuildError::LockFile { reason: error.message().to_owned() })
    }

    /// The text of the lock: the same for the same content.
    pub fn text(&self) -> String {
        let body =
            toml::to_string(self).expect("a lock has only strings, numbers, tables and lists of tables");
        format!("# Written by `bareboat lock`. Keep it under version control; do not edit.\n{body}")
    }

    /// Writes the lock beside the application: the whole file or nothing.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), BuildError> {
        let path = directory.join(FILE_NAME);
        let fail = |error: std::io::Error| BuildError::Write {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let file = tempfile::NamedTempFile::new_in(directory).map_err(fail)?;
        std::fs::write(file.path(), self.text()).map_err(fail)?;
        // Temporary files are private; a lock is as readable as its neighbours.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(file.path(), mode).map_err(fail)?;
        file.persist(&path).map_err(|error| fail(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
version = 1
inputs = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
debian = "trixie"
python = "3.13.5"

[suites]

[[architectures.amd64.distributions]]
name = "docopt"
version = "0.6.2"
kind = "sdist"
filename = "docopt-0.6.2.tar.gz"
sha256 = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
index = "packages/docopt-0.6.2.tar.gz"

[[builds.amd64.sources]]
name = "docopt"
sha256 = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

[[builds.amd64.sources.requirements]]
name = "setuptools"
version = "80.9.0"
kind = "wheel"
filename = "setuptools-80.9.0-py3-none-any.whl"
sha256 = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
index = "packages/setuptools-80.9.0-py3-none-any.whl"
"#;

    #[test]
    fn keeps_what_source_distributions_are_built_with() {
        let lock = LockFile::parse(TEXT).unwrap();
        assert_eq!(LockFile::parse(&lock.text()).unwrap(), lock);
        assert_eq!(lock.builds(Architecture::Amd64).sources[0].requirements.len(), 1);
        assert!(lock.builds_everything(Architecture::Amd64));
        assert!(!lock.builds_everything(Architecture::Arm64), "that machine was never asked");
    }

    #[test]
    fn says_nothing_of_builds_when_nothing_is_built() {
        let lock = LockFile::new(Digest::of(b""), "trixie", "3.13.5");
        assert!(!lock.text().contains("builds") && lock.builds_everything(Architecture::Arm64));
    }
}

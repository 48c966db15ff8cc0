//! `bareboat.lock`: everything that goes into an image, by digest, for one application.
//!
//! With a lock no index is read and no resolver runs. It holds archive paths and digests but no host names: where
//! the archives are is the machine's business.

use std::collections::BTreeMap;
use std::path::Path;

use bareboat_packages::deb::{Architecture, ArchiveDate, DebianRelease, DebianReleaseError, LockedDeb};
use bareboat_packages::pypi::LockedDistribution;
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

impl LockFile {
    /// A lock of the current format.
    pub fn new(inputs: Digest, debian: &str, python: &str) -> Self {
        let (suites, architectures) = (BTreeMap::new(), BTreeMap::new());
        Self {
            version: VERSION,
            inputs,
            debian: debian.to_owned(),
            python: python.to_owned(),
            suites,
            architectures,
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

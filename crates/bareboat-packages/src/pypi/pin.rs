//! What every resolution ends in: one version of each distribution, and the files it may come from.

use std::collections::BTreeSet;

use bareboat_store::Digest;
use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use super::file_name::file_name_of;
use super::name::DistributionName;

/// One distribution at one version, not yet one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The distribution.
    pub name: DistributionName,
    /// Its version; `None` when only a build of it can tell.
    pub version: Option<Version>,
    /// Where it comes from.
    pub origin: Origin,
    /// The files that the lock or the index lists, in their order; empty when nothing lists any.
    pub files: Vec<LockedFile>,
    /// The distributions that need it; empty for one that the project itself names, or when the lock does not say.
    pub required_by: BTreeSet<DistributionName>,
}

/// Where a pinned distribution comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A package index.
    Index,
    /// One file at a URL that the project names.
    Url(String),
    /// One file in the project, relative to it.
    File(String),
    /// A directory to build, relative to the project.
    Directory {
        /// The directory; `.` for the project itself.
        path: String,
        /// Whether the lock asks for an editable installation, which an image never has.
        editable: bool,
    },
    /// A commit in a Git repository.
    Git {
        /// The repository.
        url: String,
        /// The full commit.
        commit: String,
        /// The directory inside the repository.
        subdirectory: Option<String>,
    },
}

/// One file of a distribution as a lock or an index lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// The file name, which tells wheel from source distribution.
    pub name: String,
    /// Where it can be fetched; `None` when the lock leaves that to the index.
    pub url: Option<String>,
    /// Where it lies in the project, for files that are not fetched.
    pub path: Option<String>,
    /// The digest of its bytes, where the lock has one.
    pub sha256: Option<Digest>,
    /// Its length in bytes, where known.
    pub size: Option<u64>,
}

impl LockedFile {
    /// A file at `url`, named by it; `None` when the URL ends in no file name.
    pub fn at_url(url: &str, sha256: Option<Digest>, size: Option<u64>) -> Option<Self> {
        Some(Self { name: file_name_of(url)?, url: Some(url.to_owned()), path: None, sha256, size })
    }

    /// True for wheels, by name.
    pub fn is_wheel(&self) -> bool {
        self.name.ends_with(".whl")
    }
}

impl Pin {
    /// A pin without files and dependents.
    pub fn new(name: DistributionName, version: Option<Version>, origin: Origin) -> Self {
        Self { name, version, origin, files: Vec::new(), required_by: BTreeSet::new() }
    }

    /// The version as text, or `?`.
    pub fn version_text(&self) -> String {
        self.version.as_ref().map_or_else(|| "?".to_owned(), Version::to_string)
    }
}

//! What `bareboat.lock` keeps of each distribution.
//!
//! A lock names files by digest and by *where on an index* they are, never by host: which index a machine reaches is
//! the machine's business, and a lock made in one network must serve in another. A file of the index is kept as its
//! path below the host that serves the index's files (`packages/aa/bb/…/name.whl`). [`super::FileHosts`] turns that
//! back into addresses. Only what the project itself names by URL keeps its URL.

use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

use super::choose::Choice;
use super::error::PypiError;
use super::name::DistributionName;
use super::pin::{LockedFile, Origin, Pin};

/// One distribution of a lock, at one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockedDistribution {
    /// The distribution.
    pub name: DistributionName,
    /// Its version; `None` when only a build of it can tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// What has to be done with it.
    pub kind: DistributionKind,
    /// The name of its file; `None` for directories and repositories.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filename: Option<String>,
    /// The digest of its file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Digest>,
    /// The length of its file in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    /// The distributions that need it, as far as the project's own lock tells.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub required_by: Vec<DistributionName>,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: DistributionSource,
}

/// What has to be done with a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionKind {
    /// Install it.
    Wheel,
    /// Build it first.
    Sdist,
    /// Build it from its directory or repository.
    Local,
}

/// Where a locked distribution comes from; exactly one of these keys stands in a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionSource {
    /// The package index: the path below the host of its files.
    Index(String),
    /// A URL that the project names, or one of a further index.
    Url(String),
    /// A file in the project, relative to it.
    File(String),
    /// A directory of the project, relative to it; `.` is the project itself.
    Directory(String),
    /// A commit in a Git repository.
    Git(GitCommit),
}

/// A commit in a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GitCommit {
    /// The repository.
    pub url: String,
    /// The full commit.
    pub commit: String,
    /// The directory inside the repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subdirectory: Option<String>,
}

impl LockedDistribution {
    /// The entry for `pin` at the file that was chosen from it; `place` tells where on the index a URL is.
    ///
    /// # Errors
    /// Those of `place`, and [`PypiError::DigestMissing`] for a file that nothing vouches for.
    pub fn new(
        pin: &Pin,
        choice: &Choice,
        place: impl FnOnce(&DistributionName, &str) -> Result<DistributionSource, PypiError>,
    ) -> Result<Self, PypiError> {
        let (kind, file) = match choice {
            Choice::Wheel(file) => (DistributionKind::Wheel, file),
            Choice::NeedsBuild(file) => (DistributionKind::Sdist, file),
        };
        let source = source_of(pin, file, place)?;
        let checked = file.sha256.is_some() || matches!(source, DistributionSource::File(_));
        if !checked {
            let where_allowed = "the package index".to_owned();
            return Err(PypiError::DigestMissing { name: pin.name.clone(), where_allowed });
        }
        Ok(Self {
            kind,
            filename: Some(file.name.clone()),
            sha256: file.sha256,
            size: file.size,
            ..Self::without_file(pin, source)
        })
    }

    /// The entry for a directory or repository that is built.
    pub fn local(pin: &Pin) -> Option<Self> {
        let source = match &pin.origin {
            Origin::Directory { path, .. } => DistributionSource::Directory(path.clone()),
            Origin::Git { url, commit, subdirectory } => DistributionSource::Git(GitCommit {
                url: without_credentials(url),
                commit: commit.clone(),
                subdirectory: subdirectory.clone(),
            }),
            _ => return None,
        };
        Some(Self::without_file(pin, source))
    }

    fn without_file(pin: &Pin, source: DistributionSource) -> Self {
        Self {
            name: pin.name.clone(),
            version: pin.version.as_ref().map(ToString::to_string),
            kind: DistributionKind::Local,
            filename: None,
            sha256: None,
            size: None,
            required_by: pin.required_by.iter().cloned().collect(),
            source,
        }
    }
}

fn source_of(
    pin: &Pin,
    file: &LockedFile,
    place: impl FnOnce(&DistributionName, &str) -> Result<DistributionSource, PypiError>,
) -> Result<DistributionSource, PypiError> {
    match (&pin.origin, &file.path, &file.url) {
        (Origin::Index, None, Some(url)) => place(&pin.name, url),
        (_, Some(path), _) | (Origin::File(path), None, None) => Ok(DistributionSource::File(path.clone())),
        (_, None, Some(url)) => Ok(DistributionSource::Url(without_credentials(url))),
        (_, None, None) => Err(PypiError::NoFile {
            name: pin.name.clone(),
            version: pin.version_text(),
            target: "any machine".to_owned(),
            found: format!("nothing tells where `{}` is", file.name),
        }),
    }
}

/// `url` without user name, password and fragment: a lock is kept under version control.
pub(super) fn without_credentials(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) => {
            // Fails only for addresses without a host, which have no credentials either.
            let _ = (parsed.set_username(""), parsed.set_password(None));
            parsed.set_fragment(None);
            parsed.into()
        }
        Err(_) => super::redact_text(url),
    }
}

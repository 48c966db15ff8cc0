//! What can go wrong between a project directory and its files, with what to do about it.

use std::fmt;
use std::io;

use super::name::DistributionName;
use super::redact::redact_text;

/// A position in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the project.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None }
    }

    /// A line of a file, from 1.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line: Some(line) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// Why the distributions of a project cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PypiError {
    /// A file of the project cannot be read.
    #[error("cannot read `{file}`: {source}")]
    Read {
        /// The file, relative to the project.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file is larger than any real one.
    #[error("`{file}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// Bytes.
        limit: u64,
    },
    /// A file breaks its own format.
    #[error("`{place}` cannot be understood: {why}")]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong there.
        why: String,
    },
    /// A lock file is of a format version that is not known.
    #[error("`{file}` has lock format {found}; bareboat reads {known}")]
    LockVersion {
        /// The lock file.
        file: String,
        /// Its format version.
        found: String,
        /// What can be read.
        known: &'static str,
    },
    /// A lock file no longer says what the project asks for.
    #[error("`{lock}` is stale: {why}")]
    Stale {
        /// The lock file.
        lock: String,
        /// How that is known.
        why: String,
        /// The command that renews it.
        renew: &'static str,
    },
    /// Something valid that cannot be honoured.
    #[error("`{place}`: {what}")]
    Unsupported {
        /// Where it stands.
        place: Place,
        /// What it is and why it cannot be honoured.
        what: String,
        /// What to do instead.
        instead: String,
    },
    /// A lock names a distribution that it does not hold.
    #[error("`{file}` names `{name}`, which it does not lock")]
    NotLocked {
        /// The lock file.
        file: String,
        /// The missing distribution.
        name: DistributionName,
    },
    /// No file of a distribution can be used.
    #[error("`{name}` {version} has no wheel for {target}: {found}")]
    NoFile {
        /// The distribution.
        name: DistributionName,
        /// Its version.
        version: String,
        /// What it has to run on.
        target: String,
        /// What there is instead.
        found: String,
    },
    /// The index does not have a version that is pinned.
    #[error("the package index has no file of `{name}` {version}")]
    NotOnIndex {
        /// The distribution.
        name: DistributionName,
        /// The pinned version.
        version: String,
    },
    /// The digests that the project allows are of none of the files that the index has.
    #[error("no file of `{name}` {version} has a digest that {where_allowed} allows")]
    DigestNotAllowed {
        /// The distribution.
        name: DistributionName,
        /// Its version.
        version: String,
        /// The file that lists the digests.
        where_allowed: String,
    },
    /// Digests are required for everything, but one thing has none.
    #[error("{where_allowed} lists digests, but none for `{name}`")]
    DigestMissing {
        /// The distribution.
        name: DistributionName,
        /// The file that lists the digests.
        where_allowed: String,
    },
    /// What a distribution depends on stands nowhere; running its build would tell.
    #[error("only a build of `{name}` can tell what it depends on (from `{from}`)")]
    OnlyABuildTells {
        /// The distribution.
        name: DistributionName,
        /// Its version or address.
        from: String,
    },
    /// The resolver cannot be had.
    #[error("cannot get the resolver `uv`: {why}")]
    NoResolver {
        /// What was tried.
        why: String,
    },
    /// The resolver found no solution, or failed.
    #[error("the dependencies cannot be resolved for {target}\n{said}")]
    Unresolvable {
        /// What they were resolved for.
        target: String,
        /// The resolver's own words, indented.
        said: String,
        /// What to do, where it is known.
        instead: Option<String>,
    },
    /// The resolver did not reach what it needs.
    #[error("the package index cannot be asked\n{said}")]
    ResolverUnreachable {
        /// The resolver's own words, indented.
        said: String,
    },
    /// The package index cannot be used.
    #[error("the package index {index} {what}")]
    Index {
        /// Its address, without credentials.
        index: String,
        /// What happened.
        what: String,
    },
    /// No release has a Python that the project accepts.
    #[error("no release has a Python that fits {wanted}")]
    NoRelease {
        /// What the project asks for and where.
        wanted: String,
        /// What there is.
        offered: String,
    },
    /// The store or the network failed.
    #[error(transparent)]
    Store(Box<bareboat_store::StoreError>),
    /// A process could not be started.
    #[error("cannot run `{program}`: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl From<bareboat_store::StoreError> for PypiError {
    fn from(error: bareboat_store::StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl PypiError {
    /// A file that breaks its format.
    pub fn syntax(place: Place, why: impl fmt::Display) -> Self {
        Self::Syntax { place, why: redact_text(&why.to_string()) }
    }

    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LockVersion { file, .. } => Some(format!(
                "update bareboat, or lock again with an older tool than the one that wrote `{file}`"
            )),
            Self::Stale { renew, .. } => Some(format!("run `{renew}`")),
            Self::Unsupported { instead, .. } => Some(instead.clone()),
            Self::NotLocked { .. } => {
                Some("lock the project again with the tool that wrote the file".to_owned())
            }
            Self::NoFile { name, .. } => {
                Some(format!("choose another version of `{name}`, or another release with `--debian`"))
            }
            Self::DigestNotAllowed { .. } => {
                Some("renew the digests with the tool that wrote them".to_owned())
            }
            Self::DigestMissing { name, where_allowed, .. } => {
                Some(format!("pin `{name}` with its `--hash` in {where_allowed}, or remove all digests"))
            }
            Self::NoResolver { .. } => Some(
                "install uv 0.9 or newer (`pip install uv`), or name one with `BAREBOAT_UV=/path/to/uv`"
                    .to_owned(),
            ),
            Self::Unresolvable { instead, .. } => instead.clone(),
            Self::Index { .. } => {
                Some("name another index with `UV_DEFAULT_INDEX=https://…/simple`".to_owned())
            }
            Self::NoRelease { offered, .. } => Some(format!(
                "there is {offered}: widen what the project asks for, or choose with `python` in `bareboat.toml`"
            )),
            _ => None,
        }
    }
}

//! Why an archive could not be used.

use bareboat_store::StoreError;

use super::packages_file::PackagesFileError;
use super::release_file::ReleaseFileError;
use super::signature::{FaultReason, SignatureError};

/// Why an archive could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The network or the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No mirror has a release file that can be believed.
    #[error("cannot use the suite `{suite}`: {}", listed(attempts))]
    Suite {
        /// Suite name.
        suite: String,
        /// What happened at each mirror, in order.
        attempts: Vec<SuiteAttempt>,
    },
    /// The signed release file names no index for what is wanted.
    #[error("the suite `{suite}` has no `{path}`")]
    NoIndex {
        /// Suite name.
        suite: String,
        /// The index file wanted, relative to the suite.
        path: String,
    },
    /// An index is signed but cannot be read.
    #[error("cannot read `{path}` of the suite `{suite}`: {fault}")]
    Index {
        /// Suite name.
        suite: String,
        /// The index file, relative to the suite.
        path: String,
        /// What is wrong with it.
        fault: IndexFault,
    },
}

/// What happened at one mirror.
#[derive(Debug, thiserror::Error)]
#[error("{}{fault}", if matches!(fault, SuiteFault::Fetch(_)) { String::new() } else { format!("`{url}`: ") })]
pub struct SuiteAttempt {
    /// Address of the release file, fit to be shown.
    pub url: String,
    /// What is wrong.
    pub fault: SuiteFault,
}

/// What is wrong with a mirror's release file.
#[derive(Debug, thiserror::Error)]
pub enum SuiteFault {
    /// It cannot be had.
    #[error(transparent)]
    Fetch(StoreError),
    /// It is not signed by who should have.
    #[error(transparent)]
    Signature(SignatureError),
    /// It is signed, but not to be believed.
    #[error(transparent)]
    Release(ReleaseFileError),
}

/// What is wrong with a signed index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// Its compression is broken.
    #[error("it does not decompress: {0}")]
    Compression(String),
    /// It unpacks to another length than the release file says.
    #[error("it unpacks to other than {expected} bytes")]
    WrongSize {
        /// The length signed.
        expected: u64,
    },
    /// It is larger than any index should be.
    #[error("it has {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Its length.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// A package in it lacks something.
    #[error(transparent)]
    Package(#[from] PackagesFileError),
}

impl ArchiveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Suite { suite, attempts } => attempts.iter().find_map(|attempt| attempt.fault.hint(suite)),
            Self::NoIndex { .. } | Self::Index { .. } => {
                Some("name another mirror with `--mirror URL`".to_owned())
            }
        }
    }
}

impl SuiteFault {
    fn hint(&self, suite: &str) -> Option<String> {
        match self {
            Self::Fetch(error) => error
                .hint()
                .or_else(|| Some("name a mirror that has this release with `--mirror URL`".to_owned())),
            Self::Release(ReleaseFileError::Expired { .. }) => Some(format!(
                "check this machine's clock with `date -u`; if it is right, this mirror no longer renews `{suite}`: name another with `--mirror URL`"
            )),
            Self::Release(ReleaseFileError::FromTheFuture { .. }) => {
                Some("check this machine's clock with `date -u`".to_owned())
            }
            Self::Signature(SignatureError::DoNotHold { faults })
                if faults.iter().any(|fault| fault.reason == FaultReason::UnknownKey) =>
            {
                Some(
                    "if this is Debian's own archive, its keys are newer than this bareboat: use a newer one"
                        .to_owned(),
                )
            }
            Self::Signature(_) | Self::Release(_) => {
                Some("name another mirror with `--mirror URL`".to_owned())
            }
        }
    }
}

fn listed(attempts: &[SuiteAttempt]) -> String {
    if attempts.is_empty() {
        return "no mirror is known".to_owned();
    }
    attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

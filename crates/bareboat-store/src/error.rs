//! What can go wrong in the store, with the data to say so and a hint where something can be done.

use std::io;
use std::path::{Path, PathBuf};

use crate::Digest;
use crate::fetch::FetchError;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {act} `{}`: {source}", path.display())]
    Io {
        /// What we tried, as a verb phrase: `read`, `create the directory`.
        act: &'static str,
        /// The path we tried it on.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No space or no quota left for the store.
    #[error("no space left in `{}`{}", directory.display(), wanted.map(needed).unwrap_or_default())]
    DiskFull {
        /// The directory whose file system is full.
        directory: PathBuf,
        /// How many bytes the file was to have, when known.
        wanted: Option<u64>,
    },
    /// The directory was written by a newer bareboat.
    #[error("the store `{}` has format {found}, this bareboat knows formats up to {known}", root.display())]
    NewerFormat {
        /// The store's directory.
        root: PathBuf,
        /// The format found there.
        found: u32,
        /// The newest format we know.
        known: u32,
    },
    /// The format file of the directory does not hold a format.
    #[error("`{}` does not name a store format: it holds `{found}`", path.display())]
    UnknownFormat {
        /// The format file.
        path: PathBuf,
        /// Its beginning.
        found: String,
    },
    /// The blob is not in the store.
    #[error("blob {digest} is not in the store")]
    Missing {
        /// The blob asked for.
        digest: Digest,
    },
    /// The blob's bytes no longer have its digest. It has been removed: fetch or build it again.
    #[error("blob {digest} was damaged on disk (its bytes hash to {found}) and has been removed")]
    Corrupt {
        /// The blob asked for.
        digest: Digest,
        /// What its bytes hash to.
        found: Digest,
    },
    /// Written bytes are not the expected ones. Nothing was kept.
    #[error("expected {expected}, got {found} ({size} bytes); nothing was kept")]
    Mismatch {
        /// The digest wanted.
        expected: Digest,
        /// The digest of what was written.
        found: Digest,
        /// How many bytes were written.
        size: u64,
    },
    /// The blob could not be passed on to where it was wanted.
    #[error("cannot pass on blob {digest}: {source}")]
    Output {
        /// The blob.
        digest: Digest,
        /// What its receiver said.
        source: io::Error,
    },
    /// Something is longer than its reader allows.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The thing, as a noun phrase.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Something could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Somebody asked to stop. Nothing unfinished was kept.
    #[error("stopped on request")]
    Cancelled,
}

impl StoreError {
    /// An imperative that helps, with a command that works, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DiskFull { .. } => Some(
                "free space with `bareboat cache prune`, or put the store elsewhere with `--cache-dir DIR`"
                    .into(),
            ),
            Self::NewerFormat { .. } => {
                Some("use the newer bareboat, or another store with `--cache-dir DIR`".into())
            }
            Self::UnknownFormat { .. } => Some(
                "if the directory is a store, remove it; else choose another with `--cache-dir DIR`".into(),
            ),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("check who owns the store, or use your own with `--cache-dir DIR`".into())
            }
            Self::Io { act: "lock", .. } => {
                Some("put the store on a local disk with `--cache-dir DIR`".into())
            }
            Self::Missing { .. } | Self::Corrupt { .. } => {
                Some("run `bareboat build` again: what is missing is fetched or made anew".into())
            }
            Self::Fetch(error) => error.hint(),
            _ => None,
        }
    }

    /// The store's own error that travelled inside an I/O error, as those of [`crate::BlobWriter`] do through
    /// [`io::copy`]; other errors come back.
    pub fn inside(error: io::Error) -> Result<Self, io::Error> {
        error.downcast()
    }

    /// The error for a failed `act` on `path`; a full disk gets its own variant.
    pub fn io(act: &'static str, path: &Path, source: io::Error) -> Self {
        Self::io_sized(act, path, source, None)
    }

    /// As [`StoreError::io`] for a file that was to have `wanted` bytes.
    pub(crate) fn io_sized(act: &'static str, path: &Path, source: io::Error, wanted: Option<u64>) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let directory = path.parent().unwrap_or(path).to_path_buf();
                Self::DiskFull { directory, wanted }
            }
            _ => Self::Io { act, path: path.to_path_buf(), source },
        }
    }
}

fn needed(bytes: u64) -> String {
    format!(" for a file of {bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_names_its_directory_and_the_way_out() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = StoreError::io_sized("write", Path::new("/store/tmp/x"), full, Some(5));
        assert_eq!(error.to_string(), "no space left in `/store/tmp` for a file of 5 bytes");
        assert!(error.hint().unwrap().contains("bareboat cache prune"));
        let quota = StoreError::io("write", Path::new("/store/tmp/x"), io::ErrorKind::QuotaExceeded.into());
        assert_eq!(quota.to_string(), "no space left in `/store/tmp`");
    }
}

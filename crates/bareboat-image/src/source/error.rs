//! Why an image cannot be read.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use bareboat_store::{Digest, StoreError};

use crate::json::DocumentError;
use crate::tar::read::TarError;
use crate::{MergeError, PathError};

/// Why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused.
    #[error("cannot {act} `{}`: {source}", path.display())]
    Io {
        /// What we tried.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be parsed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An archive or layer cannot be read.
    #[error("cannot read {what}: {source}")]
    Tar {
        /// The archive or layer.
        what: String,
        /// Why.
        source: TarError,
    },
    /// A layer cannot be applied.
    #[error("cannot apply {what}: {source}")]
    Merge {
        /// The layer.
        what: String,
        /// Why.
        source: MergeError,
    },
    /// A file of the image is not there.
    #[error("the image is not complete: {what} is missing")]
    Missing {
        /// The file.
        what: String,
    },
    /// Bytes are not what a digest says.
    #[error("{what} was changed: its digest should be {expected}, it is {found}")]
    Digest {
        /// The blob, layer or file.
        what: String,
        /// What the image says.
        expected: Digest,
        /// What the bytes hash to.
        found: Digest,
    },
    /// Sizes or counts that do not fit together.
    #[error("{what} contradicts itself: {reason}")]
    Invalid {
        /// The document or layer.
        what: String,
        /// How.
        reason: String,
    },
    /// Nothing that an image is read from.
    #[error("`{}` is {form}", path.display())]
    Form {
        /// Where.
        path: PathBuf,
        /// What it is.
        form: &'static str,
    },
    /// No image fits.
    #[error("no such image here; there is {}", list(choices))]
    None {
        /// What there is.
        choices: Vec<String>,
    },
    /// More than one image fits.
    #[error("more than one image fits: {}", list(choices))]
    Several {
        /// What fits.
        choices: Vec<String>,
    },
}

impl SourceError {
    /// What skopeo and Podman write for `dir:`.
    pub(super) const CONTAINERS_DIRECTORY: &str =
        "a directory of containers/image's own form, which is not read";

    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Several { .. } => {
                Some("choose one by its platform, `--platform OS/ARCHITECTURE`, or by its name: `docker-archive:FILE:NAME`, `oci-archive:FILE:NAME`, `oci:DIR:NAME`".into())
            }
            Self::Missing { .. } | Self::Digest { .. } => Some("fetch or save the image again".into()),
            Self::Form { path, form } if *form == Self::CONTAINERS_DIRECTORY => {
                Some(format!("copy it to a form that is: `skopeo copy dir:{0} oci:{0}-oci`", path.display()))
            }
            Self::Store(error) => error.hint(),
            _ => None,
        }
    }
}

fn list(choices: &[String]) -> String {
    match choices {
        [] => "none".into(),
        _ => choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "),
    }
}

/// For `map_err` on operating system errors.
pub(super) fn at_path(act: &'static str, path: &Path) -> impl Fn(io::Error) -> SourceError {
    let path = path.to_path_buf();
    move |source| SourceError::Io { act, path: path.clone(), source }
}

/// For `map_err` on errors within an archive or layer.
pub(super) fn in_archive<E: Into<Unreadable>>(what: impl Display) -> impl Fn(E) -> SourceError {
    let what = what.to_string();
    move |error| SourceError::Tar { what: what.clone(), source: error.into().0 }
}

/// Anything that makes an archive unreadable.
pub(super) struct Unreadable(TarError);

impl From<TarError> for Unreadable {
    fn from(error: TarError) -> Self {
        Self(error)
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self(error.into())
    }
}

impl From<PathError> for Unreadable {
    fn from(error: PathError) -> Self {
        Self(io::Error::new(io::ErrorKind::InvalidData, error).into())
    }
}

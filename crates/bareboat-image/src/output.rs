//! Where an image can be written to, besides the store.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bareboat_store::{Digest, Store, StoreError};

use crate::archive::{write_docker_archive, write_oci_archive};
use crate::layout::{check_ref_name, write_layout};
use crate::rootfs::{Ownership, write_root_fs};
use crate::source::SourceError;
use crate::tar::write::EntryError;
use crate::{Descriptor, ImageError, Platform, Reference};

/// A destination, as `-o` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// `oci:DIRECTORY[:NAME]`: an OCI image layout, added to what the directory has.
    Layout {
        /// Where.
        directory: PathBuf,
        /// Under which name it is listed there; the image's reference otherwise.
        name: Option<String>,
    },
    /// `oci-archive:FILE[:NAME]`: an OCI image layout in a tar file.
    OciArchive {
        /// Where.
        file: PathBuf,
        /// As for a layout.
        name: Option<String>,
    },
    /// `docker-archive:FILE`: what `docker load` and `podman load` take; an OCI layout as well.
    DockerArchive {
        /// Where.
        file: PathBuf,
    },
    /// `dir:DIRECTORY`: the files a container would see.
    RootFs {
        /// Where; it must be empty or not exist.
        directory: PathBuf,
    },
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The manifest or index in the store.
    pub descriptor: &'a Descriptor,
    /// What the image is called.
    pub reference: Option<&'a Reference>,
    /// Which image of an index, where only one can be written.
    pub platform: Option<&'a Platform>,
}

impl Output {
    /// Writes an image from the store. Afterwards either all of it is there, or what was there before.
    pub fn write(
        &self,
        store: &Store,
        subject: &Subject<'_>,
        ownership: Ownership,
    ) -> Result<(), OutputError> {
        let name =
            |name: &Option<String>| name.clone().or_else(|| subject.reference.map(ToString::to_string));
        match self {
            Self::Layout { directory, name: given } => {
                write_layout(store, subject.descriptor, name(given).as_deref(), directory)
            }
            Self::OciArchive { file, name: given } => write_file(file, |output| {
                write_oci_archive(store, subject.descriptor, name(given).as_deref(), output)
            }),
            Self::DockerArchive { file } => {
                write_file(file, |output| write_docker_archive(store, subject, output))
            }
            Self::RootFs { directory } => write_root_fs(store, subject, directory, ownership).map(drop),
        }
    }
}

impl FromStr for Output {
    type Err = OutputError;

    fn from_str(text: &str) -> Result<Self, OutputError> {
        let unknown = || OutputError::UnknownOutput { text: text.to_owned() };
        let (kind, place) = text.split_once(':').ok_or_else(unknown)?;
        let (path, name) = match place.split_once(':') {
            Some((path, name)) if matches!(kind, "oci" | "oci-archive") => {
                check_ref_name(name)?;
                (path, Some(name.to_owned()))
            }
            _ => (place, None),
        };
        if path.is_empty() {
            return Err(unknown());
        }
        let path = PathBuf::from(path);
        match kind {
            "oci" => Ok(Self::Layout { directory: path, name }),
            "oci-archive" => Ok(Self::OciArchive { file: path, name }),
            "docker-archive" => Ok(Self::DockerArchive { file: path }),
            "dir" => Ok(Self::RootFs { directory: path }),
            _ => Err(unknown()),
        }
    }
}

/// Writes a file beside `path` and renames it when it is whole. What is no regular file (a pipe, `/dev/stdout`) is
/// written to as it is.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), OutputError>,
) -> Result<(), OutputError> {
    let fail = OutputError::io("write", path);
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let mut output = BufWriter::new(File::options().write(true).open(path).map_err(&fail)?);
        write(&mut output)?;
        return output.flush().map_err(&fail);
    }
    // A link to a file stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(&fail)?;
    let mut output = BufWriter::with_capacity(BUFFER, temporary);
    write(&mut output)?;
    let temporary = output.into_inner().map_err(|error| fail(error.into_error()))?;
    temporary.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
}

const BUFFER: usize = 128 * 1024;

/// Why an image could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
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
    /// The image in the store is not complete or not an image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image's layers cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An entry cannot be written.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Not a form of output.
    #[error("`{text}` is not a form of output")]
    UnknownOutput {
        /// What was given.
        text: String,
    },
    /// The directory has something else in it.
    #[error("`{}` is not empty{}", path.display(), if *wants_layout { " and not an OCI layout" } else { "" })]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// Whether a layout could have been added to.
        wants_layout: bool,
    },
    /// An existing layout cannot be added to.
    #[error("cannot add to the layout `{}`: {reason}", path.display())]
    Layout {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A name that a layout cannot list.
    #[error("`{name}` cannot name an image in a layout")]
    RefName {
        /// The name.
        name: String,
    },
    /// Only one platform can be written, and there are several or another.
    #[error("one platform must be chosen; the image has {}", choices.join(", "))]
    Platform {
        /// What there is.
        choices: Vec<String>,
    },
    /// A blob's length is not what its descriptor says.
    #[error("blob {digest} does not have the announced size")]
    Size {
        /// The blob.
        digest: Digest,
    },
}

impl OutputError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Source(error) => error.hint(),
            Self::UnknownOutput { .. } => {
                Some("write `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE` or `dir:ROOTFS`".into())
            }
            Self::NotEmpty { .. } => Some("name a new directory, or empty this one".into()),
            Self::Platform { .. } => Some("add `--platform OS/ARCHITECTURE`".into()),
            _ => None,
        }
    }

    pub(crate) fn io(act: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { act, path: path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_every_form() {
        let layout = |directory: &str, name: Option<&str>| Output::Layout {
            directory: directory.into(),
            name: name.map(str::to_owned),
        };
        assert_eq!("oci:out".parse::<Output>().unwrap(), layout("out", None));
        assert_eq!("oci:out:v1".parse::<Output>().unwrap(), layout("out", Some("v1")));
        assert_eq!(
            "docker-archive:a:b.tar".parse::<Output>().unwrap(),
            Output::DockerArchive { file: "a:b.tar".into() }
        );
        for text in ["", "oci", "oci:", "tar:x", "oci:out:", "oci:out:a b"] {
            assert!(text.parse::<Output>().is_err(), "{text}");
        }
    }
}

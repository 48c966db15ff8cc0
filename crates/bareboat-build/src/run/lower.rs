//! What a stack of overlayfs layers shows at a path, without mounting it (overlayfs documentation, "upper and lower",
//! "whiteouts and opaque directories").

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use bareboat_image::TreePath;
use bareboat_sandbox::Records;

use super::resolve::resolve;

/// A directory as a stack of layers shows it: the layers' directories that are merged there, topmost first.
#[derive(Debug, Clone)]
pub(super) struct Lower {
    directories: Vec<PathBuf>,
    records: Records,
}

/// What is at a path.
pub(super) struct Found {
    /// In which layer.
    pub(super) path: PathBuf,
    pub(super) metadata: Metadata,
}

impl Lower {
    /// The roots of layers, topmost first.
    pub(super) fn new(layers: &[PathBuf], records: Records) -> Self {
        Self { directories: layers.to_vec(), records }
    }

    /// A directory that no layer has.
    pub(super) fn nothing(&self) -> Self {
        Self { directories: Vec::new(), records: self.records }
    }

    /// What is called `name` in this directory.
    pub(super) fn entry(&self, name: &[u8]) -> io::Result<Option<Found>> {
        for directory in &self.directories {
            let path = directory.join(OsStr::from_bytes(name));
            match fs::symlink_metadata(&path) {
                Ok(metadata) if is_whiteout(&metadata) => return Ok(None),
                Ok(metadata) => return Ok(Some(Found { path, metadata })),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The names in this directory, sorted; some may be hidden by whiteouts.
    pub(super) fn names(&self) -> io::Result<BTreeSet<Vec<u8>>> {
        let mut names = BTreeSet::new();
        for directory in &self.directories {
            for entry in fs::read_dir(directory)? {
                names.insert(entry?.file_name().into_vec());
            }
        }
        Ok(names)
    }

    /// The directory called `name` in this directory; of nothing when it is none.
    pub(super) fn enter(&self, name: &[u8]) -> io::Result<Self> {
        let mut below = self.nothing();
        for directory in &self.directories {
            let path = directory.join(OsStr::from_bytes(name));
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    let opaque = is_opaque(&path, self.records)?;
                    below.directories.push(path);
                    if opaque {
                        break;
                    }
                }
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(below)
    }

    /// This directory itself, as its topmost layer has it.
    pub(super) fn own(&self) -> io::Result<Option<Found>> {
        let Some(path) = self.directories.first() else { return Ok(None) };
        Ok(Some(Found { path: path.clone(), metadata: fs::symlink_metadata(path)? }))
    }

    /// The directory at `path`; links in it are not followed.
    pub(super) fn at(&self, path: &TreePath) -> io::Result<Self> {
        let mut directory = self.clone();
        for name in path.components() {
            directory = directory.enter(name)?;
        }
        Ok(directory)
    }

    /// Where `path` leads with its links followed; none when nothing is there.
    pub(super) fn resolve(&self, path: &TreePath) -> io::Result<Option<TreePath>> {
        let link = |path: &TreePath| match self.find(path)? {
            Some(found) if found.metadata.is_symlink() => {
                Ok(Some(fs::read_link(found.path)?.into_os_string().into_vec()))
            }
            _ => Ok(None),
        };
        let real = resolve(path.as_bytes(), &link)?;
        Ok(self.find(&real)?.map(|_| real))
    }

    /// What is at `path`; links in it are not followed.
    pub(super) fn find(&self, path: &TreePath) -> io::Result<Option<Found>> {
        let Some(parent) = path.parent() else { return self.own() };
        self.at(&parent)?.entry(path.file_name())
    }
}

/// A character device 0:0.
pub(super) fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

/// Whether a layer's directory hides what lower layers have in it.
pub(super) fn is_opaque(directory: &Path, records: Records) -> io::Result<bool> {
    let name = format!("{}opaque", records.prefix());
    let mut value = [0; 4];
    match rustix::fs::lgetxattr(directory, name.as_str(), &mut value) {
        Ok(length) => Ok(value.get(..length) == Some(b"y")),
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::NOTSUP | rustix::io::Errno::RANGE) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

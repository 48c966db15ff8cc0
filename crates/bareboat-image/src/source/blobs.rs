//! Where an image's bytes are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bareboat_store::{Digest, Store, StoreError};

use crate::json;
use crate::source::error::{SourceError, at_path, in_archive};
use crate::tar::read::{Limits, MemberKind, TarReader};
use crate::{Descriptor, Kind, TreePath};

/// A collection of blobs.
pub(super) enum Blobs<'s> {
    /// No documents, only files.
    None,
    Store(&'s Store),
    /// A directory with `blobs/sha256/`. Blobs may be symbolic links: what they lead to is checked by digest.
    Layout(PathBuf),
    Archive(Archive),
}

impl Blobs<'_> {
    /// Opens a blob without checking its bytes.
    pub(super) fn open(&self, digest: &Digest) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        let missing = || SourceError::Missing { what: format!("blob {digest}") };
        match self {
            Self::None => Err(missing()),
            Self::Store(store) => match store.open_blob(digest) {
                Ok(file) => Ok(Box::new(file)),
                Err(StoreError::Missing { .. }) => Err(missing()),
                Err(error) => Err(error.into()),
            },
            Self::Layout(directory) => {
                let path = directory.join("blobs/sha256").join(digest.hex());
                match File::open(&path) {
                    Ok(file) => Ok(Box::new(file)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
                    Err(error) => Err(at_path("open", &path)(error)),
                }
            }
            Self::Archive(archive) => archive.open_member(&blob_path(digest)),
        }
    }

    /// Opens a file of the archive.
    pub(super) fn open_member(&self, name: &TreePath) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        match self {
            Self::Archive(archive) => archive.open_member(name),
            _ => Err(SourceError::Missing { what: format!("`{name}`") }),
        }
    }

    /// Reads a document and checks it.
    pub(super) fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, SourceError> {
        let what = format!("blob {}", descriptor.digest);
        let invalid = |reason: String| SourceError::Invalid { what: what.clone(), reason };
        if descriptor.size > json::MAX_DOCUMENT {
            return Err(invalid(format!("a document of {} bytes", descriptor.size)));
        }
        let mut bytes = Vec::new();
        let file = self.open(&descriptor.digest)?;
        file.take(descriptor.size + 1).read_to_end(&mut bytes).map_err(in_archive(&what))?;
        if bytes.len() as u64 != descriptor.size {
            return Err(invalid(format!("it does not have the announced {} bytes", descriptor.size)));
        }
        let (expected, found) = (descriptor.digest, Digest::of(&bytes));
        match expected == found {
            true => Ok(bytes),
            false => Err(SourceError::Digest { what, expected, found }),
        }
    }
}

fn blob_path(digest: &Digest) -> TreePath {
    TreePath::new(format!("blobs/sha256/{}", digest.hex())).unwrap_or_default()
}

/// An uncompressed tar archive, read in any order.
pub(super) struct Archive {
    file: File,
    path: PathBuf,
    members: BTreeMap<TreePath, Stored>,
    /// There is not one entry: zeros are an archive, too.
    pub(super) is_empty: bool,
}

enum Stored {
    At {
        offset: u64,
        size: u64,
    },
    /// A link; `docker save` once wrote equal layers as links to the first.
    Link(TreePath),
}

impl Archive {
    /// Notes where everything is. `path` is for messages.
    pub(super) fn open(file: File, path: &Path) -> Result<Self, SourceError> {
        let (mut members, mut is_empty) = (BTreeMap::new(), true);
        let mut reader = TarReader::new(io::BufReader::with_capacity(BUFFER, &file), Limits::default());
        while let Some(member) = reader.next_member().map_err(in_archive(path.display()))? {
            is_empty = false;
            let stored = match member.kind {
                MemberKind::File { size } => Stored::At { offset: reader.position(), size },
                MemberKind::Other(Kind::HardLink { target }) => Stored::Link(target),
                MemberKind::Other(Kind::Symlink { target }) => {
                    let parent = member.path.parent().unwrap_or_default();
                    Stored::Link(follow(parent, &target))
                }
                MemberKind::Other(_) => continue,
            };
            members.insert(member.path, stored);
        }
        Ok(Self { file, path: path.to_path_buf(), members, is_empty })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        TreePath::new(name).is_ok_and(|name| self.members.contains_key(&name))
    }

    /// True when it holds parts of an image, in either form: then it is no root file system.
    pub(super) fn has_blobs(&self) -> bool {
        self.members.keys().any(|path| {
            let bytes = path.as_bytes();
            bytes.starts_with(b"blobs/sha256/") || bytes.len() == 64 + 10 && bytes.ends_with(b"/layer.tar")
        })
    }

    /// Reads a small file.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let path = TreePath::new(name).map_err(in_archive(self.path.display()))?;
        let file = self.open_member(&path)?;
        file.take(limit + 1).read_to_end(&mut bytes).map_err(in_archive(self.path.display()))?;
        match bytes.len() as u64 > limit {
            false => Ok(bytes),
            true => Err(SourceError::Invalid { what: format!("`{name}`"), reason: "it is too large".into() }),
        }
    }

    fn open_member(&self, name: &TreePath) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        let mut at = name;
        for _ in 0..MAX_LINKS {
            match self.members.get(at) {
                Some(Stored::At { offset, size }) => {
                    return Ok(Box::new(Section { file: &self.file, offset: *offset, left: *size }));
                }
                Some(Stored::Link(target)) => at = target,
                None => break,
            }
        }
        Err(SourceError::Missing { what: format!("`{name}` in `{}`", self.path.display()) })
    }
}

/// Where a link in `directory` leads; never out of the archive.
fn follow(directory: TreePath, target: &str) -> TreePath {
    let start = if target.starts_with('/') { TreePath::ROOT } else { directory };
    target.split('/').fold(start, |at, part| match part {
        ".." => at.parent().unwrap_or_default(),
        part => at.join(part).unwrap_or_default(),
    })
}

/// Part of a file, read without moving the file's own position.
struct Section<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..length], self.offset)?;
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

const MAX_LINKS: usize = 8;
const BUFFER: usize = 128 * 1024;

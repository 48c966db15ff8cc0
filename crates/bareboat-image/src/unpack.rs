//! Unpacks one layer into a directory of its own, as overlayfs wants its layers.
//!
//! A container's root is then an overlay of such directories, and a layer is unpacked once for all images that have it.
//! Whiteouts become what overlayfs knows (its documentation, "whiteouts and opaque directories"). Nothing is ever
//! written through a link: the archive is read twice, first for what it amounts to, then for the content; in between
//! every path is known under its final name. Devices that may not be made here are left out, and of the extended
//! attributes only those that every engine keeps are set.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use bareboat_store::Digest;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags};

use crate::decompress::Decompressed;
use crate::tar::read::{Limits, TarError, TarReader};
use crate::{Entry, Kind, MergeError, Merged, Merger, TreePath};

/// What unpacking found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unpacked {
    /// Directories that the layer uses without listing them: their metadata is what lower layers say, and only a
    /// default here.
    pub implied: BTreeSet<TreePath>,
}

/// Unpacks the layer in `blob`, compressed or not, into `directory`, which exists and is empty. Everything gets its
/// owner, so this takes the right to give files away. `records` is what overlayfs's attributes begin with:
/// `trusted.overlay.` or `user.overlay.`.
///
/// # Errors
/// The archive is damaged or hostile, or cannot be written here.
pub fn unpack_layer(
    blob: &Path,
    directory: &Path,
    records: &str,
    limits: Limits,
) -> Result<Unpacked, UnpackError> {
    let (merged, times) = survey(blob, limits)?;
    let writer = Writer { root: directory, merged: &merged, times: &times, records };
    writer.make_directories()?;
    writer.write_files(blob, limits)?;
    writer.write_others()?;
    writer.write_whiteouts()?;
    writer.finish_directories()?;
    let listed = |path: &&TreePath| merged.origins.get(path).is_some_and(|origin| origin.member.is_some());
    let implied = merged
        .tree
        .entries
        .iter()
        .filter(|(path, entry)| entry.kind == Kind::Directory && !listed(path))
        .map(|(path, _)| path.clone());
    Ok(Unpacked { implied: implied.collect() })
}

/// Whether an extended attribute is part of a layer's content: file capabilities and what users set. Everything else
/// belongs to the machine (labels, records of overlayfs) or to file systems that others do not have.
pub fn keeps_attribute(name: &str) -> bool {
    name == "security.capability" || name.starts_with("user.") && !name.starts_with("user.overlay.")
}

/// What the layer amounts to, and the time of each of its entries.
fn survey(blob: &Path, limits: Limits) -> Result<(Merged, Vec<i64>), UnpackError> {
    let mut merger = Merger::new();
    let mut times = Vec::new();
    let mut reader = open(blob, limits)?;
    while let Some(member) = reader.next_member()? {
        times.push(member.mtime);
        merger.add(member, NO_DIGEST)?;
    }
    // To the end, so that damage behind the last entry shows.
    reader.finish()?.finish().map_err(TarError::from)?;
    Ok((merger.finish(), times))
}

fn open(blob: &Path, limits: Limits) -> Result<TarReader<Decompressed<File>>, UnpackError> {
    let file = File::open(blob).map_err(UnpackError::io("open", blob))?;
    let input = Decompressed::new(file).map_err(TarError::from)?;
    Ok(TarReader::new(input, limits))
}

struct Writer<'a> {
    root: &'a Path,
    merged: &'a Merged,
    times: &'a [i64],
    records: &'a str,
}

impl Writer<'_> {
    fn entries(&self) -> impl DoubleEndedIterator<Item = (&TreePath, &Entry)> {
        self.merged.tree.entries.iter()
    }

    fn make_directories(&self) -> Result<(), UnpackError> {
        for (path, entry) in self.entries().filter(|(path, _)| !path.is_root()) {
            if entry.kind == Kind::Directory {
                let at = self.at(path);
                DirBuilder::new().mode(0o700).create(&at).map_err(UnpackError::io("create", &at))?;
            }
        }
        Ok(())
    }

    fn write_files(&self, blob: &Path, limits: Limits) -> Result<(), UnpackError> {
        let mut wanted: BTreeMap<u64, &TreePath> = BTreeMap::new();
        for (path, entry) in self.entries() {
            if let (Kind::File { .. }, Some(number)) = (&entry.kind, self.member(path)) {
                wanted.insert(number, path);
            }
        }
        let mut reader = open(blob, limits)?;
        let mut number = 0;
        while let Some(member) = reader.next_member()? {
            if let Some(path) = wanted.remove(&number) {
                let at = self.at(path);
                let fail = UnpackError::io("write", &at);
                let mut options = OpenOptions::new();
                let mut file = options.write(true).create_new(true).mode(0o600).open(&at).map_err(&fail)?;
                io::copy(&mut reader.content().take(member.size()), &mut file).map_err(&fail)?;
                drop(file);
                self.set_metadata(path)?;
            }
            number += 1;
        }
        Ok(())
    }

    /// Links, pipes and devices, which lead nowhere before everything else is written.
    fn write_others(&self) -> Result<(), UnpackError> {
        for (path, entry) in self.entries() {
            let at = self.at(path);
            let node = |kind, device| rustix::fs::mknodat(CWD, &at, kind, Mode::from_raw_mode(0o600), device);
            let made: io::Result<()> = match &entry.kind {
                Kind::Directory | Kind::File { .. } => continue,
                Kind::HardLink { target } => {
                    fs::hard_link(self.at(target), &at).map_err(UnpackError::io("create", &at))?;
                    continue;
                }
                Kind::Symlink { target } => symlink(target, &at),
                Kind::Fifo => node(FileType::Fifo, 0).map_err(Into::into),
                Kind::CharDevice { major: 0, minor: 0 } => continue,
                Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
                    let block = matches!(entry.kind, Kind::BlockDevice { .. });
                    let kind = if block { FileType::BlockDevice } else { FileType::CharacterDevice };
                    match node(kind, rustix::fs::makedev(*major, *minor)) {
                        // A user namespace makes no devices; nothing could open one there either.
                        Err(rustix::io::Errno::PERM) => continue,
                        result => result.map_err(Into::into),
                    }
                }
            };
            made.map_err(UnpackError::io("create", &at))?;
            self.set_metadata(path)?;
        }
        Ok(())
    }

    fn write_whiteouts(&self) -> Result<(), UnpackError> {
        let layer = self.merged.layers.first();
        let hides = |path: &TreePath| match self.merged.tree.get(path).map(|entry| &entry.kind) {
            Some(Kind::Directory) => self.make_opaque(path),
            // What is there hides by being there.
            Some(_) => Ok(()),
            None => self.make_whiteout(path),
        };
        for path in layer.iter().flat_map(|layer| &layer.whiteouts) {
            hides(path)?;
        }
        for path in layer.iter().flat_map(|layer| &layer.opaque) {
            let is_directory = self.merged.tree.get(path).is_none_or(|entry| entry.kind == Kind::Directory);
            if is_directory {
                self.make_opaque(path)?;
            }
        }
        Ok(())
    }

    fn make_whiteout(&self, path: &TreePath) -> Result<(), UnpackError> {
        let at = self.at(path);
        rustix::fs::mknodat(CWD, &at, FileType::CharacterDevice, Mode::empty(), 0)
            .map_err(|errno| UnpackError::io("create", &at)(errno.into()))
    }

    fn make_opaque(&self, path: &TreePath) -> Result<(), UnpackError> {
        let (at, name) = (self.at(path), format!("{}opaque", self.records));
        rustix::fs::lsetxattr(&at, name.as_str(), b"y", XattrFlags::empty())
            .map_err(|errno| UnpackError::io("mark", &at)(errno.into()))
    }

    /// From the inside out, so that no directory is closed before its content is written.
    fn finish_directories(&self) -> Result<(), UnpackError> {
        for (path, entry) in self.entries().rev().filter(|(path, _)| !path.is_root()) {
            if entry.kind == Kind::Directory {
                self.set_metadata(path)?;
            }
        }
        match self.merged.tree.get(&TreePath::ROOT) {
            Some(_) => self.set_metadata(&TreePath::ROOT),
            None => Ok(()),
        }
    }

    /// Owner first: changing it clears the setuid bit and capabilities. Time last.
    fn set_metadata(&self, path: &TreePath) -> Result<(), UnpackError> {
        let Some(entry) = self.merged.tree.get(path) else { return Ok(()) };
        let at = self.at(path);
        let fail = UnpackError::io("set the metadata of", &at);
        match lchown(&at, Some(entry.owner.uid), Some(entry.owner.gid)) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let (uid, gid) = (entry.owner.uid, entry.owner.gid);
                return Err(UnpackError::Owner { path: path.clone(), uid, gid });
            }
            result => result.map_err(&fail)?,
        }
        if !matches!(entry.kind, Kind::Symlink { .. }) {
            fs::set_permissions(&at, Permissions::from_mode(entry.mode.into())).map_err(&fail)?;
        }
        for (name, value) in entry.xattrs.iter().filter(|(name, _)| keeps_attribute(name)) {
            match rustix::fs::lsetxattr(&at, name.as_str(), value, XattrFlags::empty()) {
                // Links and devices have none, and neither have some file systems.
                Ok(()) | Err(rustix::io::Errno::PERM | rustix::io::Errno::NOTSUP) => {}
                Err(errno) => return Err(fail(errno.into())),
            }
        }
        let time = self.member(path).and_then(|number| self.times.get(usize::try_from(number).ok()?));
        let time = Timespec { tv_sec: time.copied().unwrap_or_default(), tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, &at, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| fail(errno.into()))
    }

    fn member(&self, path: &TreePath) -> Option<u64> {
        self.merged.origins.get(path)?.member
    }

    fn at(&self, path: &TreePath) -> PathBuf {
        match path.is_root() {
            true => self.root.to_owned(),
            false => self.root.join(OsStr::from_bytes(path.as_bytes())),
        }
    }
}

/// Merging one layer asks for no content.
const NO_DIGEST: Digest = Digest::from_bytes([0; 32]);

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive is damaged or hostile.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// Its entries cannot be together.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// An owner that cannot be given here.
    #[error("`{path}` belongs to {uid}:{gid}, and not all of these ids exist here")]
    Owner {
        /// The path in the layer.
        path: TreePath,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
    /// The disk failed.
    #[error("cannot {act} `{path}`: {error}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl UnpackError {
    fn io(act: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io { act, path: path.clone(), error }
    }
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;

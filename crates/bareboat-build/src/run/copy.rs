//! Copies what a stack of layers shows into a directory, with owners, modes, times, attributes and hard links.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags};

use super::items::attributes;
use super::lower::{Found, Lower};

/// Copies, and remembers the files that have several names.
#[derive(Default)]
pub(super) struct Copier {
    links: BTreeMap<(u64, u64), PathBuf>,
}

impl Copier {
    /// Copies everything in `directory` into the existing one at `to`, and its own metadata.
    pub(super) fn directory(&mut self, directory: &Lower, to: &Path) -> io::Result<()> {
        for name in directory.names()? {
            let Some(found) = directory.entry(&name)? else { continue };
            let place = to.join(OsStr::from_bytes(&name));
            match found.metadata.is_dir() {
                true => {
                    fs::create_dir(&place)?;
                    self.directory(&directory.enter(&name)?, &place)?;
                }
                false => self.file(&found, &place)?,
            }
        }
        match directory.own()? {
            Some(own) => copy_metadata(&own, to),
            None => Ok(()),
        }
    }

    /// Copies anything but a directory to the free path `to`. Sockets are left out, and devices where none can be made.
    pub(super) fn file(&mut self, found: &Found, to: &Path) -> io::Result<()> {
        let (metadata, kind) = (&found.metadata, found.metadata.file_type());
        if metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            if let Some(first) = self.links.get(&inode) {
                return fs::hard_link(first, to);
            }
            self.links.insert(inode, to.to_owned());
        }
        if kind.is_symlink() {
            symlink(fs::read_link(&found.path)?, to)?;
        } else if metadata.is_file() {
            fs::copy(&found.path, to)?;
        } else if !kind.is_socket() {
            match make_node(metadata, to) {
                Err(rustix::io::Errno::PERM) => return Ok(()),
                result => result?,
            }
        } else {
            return Ok(());
        }
        copy_metadata(found, to)
    }
}

fn make_node(metadata: &Metadata, to: &Path) -> Result<(), rustix::io::Errno> {
    let kind = metadata.file_type();
    let node = match () {
        () if kind.is_block_device() => FileType::BlockDevice,
        () if kind.is_char_device() => FileType::CharacterDevice,
        () => FileType::Fifo,
    };
    rustix::fs::mknodat(CWD, to, node, Mode::from_raw_mode(0o600), metadata.rdev())
}

/// Owner first: changing it clears the setuid bit and capabilities. Time last.
fn copy_metadata(found: &Found, to: &Path) -> io::Result<()> {
    let metadata = &found.metadata;
    lchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    if !metadata.is_symlink() {
        fs::set_permissions(to, fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
    }
    for (name, value) in attributes(&found.path)? {
        rustix::fs::lsetxattr(to, name.as_str(), &value, XattrFlags::empty())?;
    }
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

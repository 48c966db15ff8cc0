//! Mount points that a read-only root lacks: an overlay's lowest-cost layer, made of nothing else.
//!
//! An image need not contain `/proc` or `/etc/resolv.conf`, and its stored tree must not change. So the missing ones
//! are made on the scratch file system, which is then laid over the root. Directories on the way copy the root's
//! owner, mode and time, because the topmost layer's count.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::path::{StackPath, prefixes};
use super::root::{Origin, open_beneath};
use crate::blueprint::{Blueprint, Kind, Operation};

/// Whether anything was missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Skeleton {
    Empty,
    Filled,
}

/// Makes every mount point that the root lacks. Runs with the root as `/`, so that the kernel follows the root's links
/// as it will later.
pub(super) fn build(blueprint: &Blueprint, origin: &Origin) -> Result<Skeleton, Errno> {
    let layer = open_beneath(&origin.stage, c"skeleton")?;
    let mut skeleton = Skeleton::Empty;
    for operation in blueprint.operations.iter().filter(|operation| operation.in_root) {
        let Some(point) = Point::of(operation) else { continue };
        if exists(operation) {
            continue;
        }
        add(operation.target.as_bytes(), point, origin, &layer)?;
        skeleton = Skeleton::Filled;
    }
    if skeleton == Skeleton::Filled {
        copy_attributes(c"/", &layer, c".")?;
    }
    Ok(skeleton)
}

/// What a mount point must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Directory,
    File,
}

impl Point {
    /// None for operations that need no mount point, or only use an existing one.
    pub(super) fn of(operation: &Operation) -> Option<Self> {
        match operation.kind {
            Kind::FileSystem { .. } => Some(Self::Directory),
            Kind::Bind { ref file, .. } if !file.get() => Some(Self::Directory),
            Kind::Bind { .. } | Kind::Content { .. } => Some(Self::File),
            Kind::Link { .. } | Kind::Mask | Kind::Protect => None,
        }
    }
}

fn exists(operation: &Operation) -> bool {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, &operation.target, flags, Mode::empty()).is_ok()
}

/// Makes one mount point in the layer, at the place where the root's own links lead.
fn add(target: &[u8], point: Point, origin: &Origin, layer: &OwnedFd) -> Result<(), Errno> {
    let (mut place, known) = deepest_ancestor(target, origin)?;
    for end in prefixes(place.as_bytes()) {
        make_directory(layer, &StackPath::new(&place.as_bytes()[..end])?)?;
    }
    let existing = place.as_bytes().len();
    place.append(&target[known..])?;
    let last = place.as_bytes().len();
    for end in prefixes(place.as_bytes()).filter(|&end| end > existing) {
        let prefix = StackPath::new(&place.as_bytes()[..end])?;
        if end == last && point == Point::File {
            make_file(layer, &prefix)?;
        } else {
            make_directory(layer, &prefix)?;
        }
    }
    // Last, because what was just made changed the times.
    place.truncate(existing);
    for end in prefixes(place.as_bytes()) {
        let prefix = StackPath::new(&place.as_bytes()[..end])?;
        copy_attributes(prefix.as_c_str(), layer, relative(&prefix))?;
    }
    Ok(())
}

/// The real path of the longest existing prefix of `target` (empty for the root), and that prefix's length.
fn deepest_ancestor(target: &[u8], origin: &Origin) -> Result<(StackPath, usize), Errno> {
    let mut prefix = StackPath::new(target)?;
    while let Some(end) = prefix.as_bytes().iter().rposition(|&byte| byte == b'/').filter(|&end| end > 0) {
        prefix.truncate(end);
        if let Ok(directory) = open_beneath(CWD, prefix.as_c_str()) {
            let real = real_path(&directory, origin)?;
            let bytes = real.as_bytes();
            let length = if bytes == b"/" { 0 } else { bytes.len() };
            return Ok((StackPath::new(&bytes[..length])?, end));
        }
    }
    Ok((StackPath::new(b"")?, 0))
}

/// The path of an open directory, as seen from the current root.
fn real_path(directory: &OwnedFd, origin: &Origin) -> Result<StackPath, Errno> {
    let mut name = StackPath::new(b"")?;
    name.append_number(directory.as_raw_fd().unsigned_abs())?;
    let mut space = [std::mem::MaybeUninit::uninit(); super::PATH_SPACE];
    let (path, _) = rustix::fs::readlinkat_raw(&origin.descriptors, name.as_c_str(), &mut space)?;
    StackPath::new(path)
}

fn make_directory(layer: &OwnedFd, path: &StackPath) -> Result<(), Errno> {
    match rustix::fs::mkdirat(layer, relative(path), Mode::from_raw_mode(0o755)) {
        Err(Errno::EXIST) => Ok(()),
        result => result,
    }
}

fn make_file(layer: &OwnedFd, path: &StackPath) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::openat(layer, relative(path), flags, Mode::from_raw_mode(0o644)).map(drop)
}

fn copy_attributes(from: &std::ffi::CStr, layer: &OwnedFd, to: &std::ffi::CStr) -> Result<(), Errno> {
    let stat = rustix::fs::stat(from)?;
    // An owner without a name in this namespace cannot be given; it would look like nobody either way.
    let owner = (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
    let _ = rustix::fs::chownat(layer, to, owner.0, owner.1, AtFlags::empty());
    rustix::fs::chmodat(layer, to, Mode::from_raw_mode(stat.st_mode & 0o7777), AtFlags::empty())?;
    let modified = Timespec { tv_sec: stat.st_mtime as _, tv_nsec: stat.st_mtime_nsec as _ };
    let times = Timestamps { last_access: modified, last_modification: modified };
    rustix::fs::utimensat(layer, to, &times, AtFlags::empty())
}

/// The same path, seen from the layer's directory.
fn relative(path: &StackPath) -> &std::ffi::CStr {
    let whole = path.as_c_str();
    whole
        .to_bytes_with_nul()
        .get(1..)
        .and_then(|rest| std::ffi::CStr::from_bytes_with_nul(rest).ok())
        .unwrap_or(c".")
}

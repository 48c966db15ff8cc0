//! Carrying out the operations of a blueprint, inside the new root.

use std::ffi::CStr;
use std::os::fd::AsRawFd;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::{Gid, Uid};

use super::path::{StackPath, prefixes};
use super::root::Origin;
use super::skeleton::Point;
use crate::blueprint::{Blueprint, Kind, Layering, Operation, Restrictions, Scene};
use crate::channel::{At, Failure};
use crate::kernel;
use crate::standard::NULL_SOURCE;
use crate::step::Step;

/// Makes all mounts, links and masks, in order.
pub(super) fn carry_out(blueprint: &Blueprint, scene: &mut Scene, origin: &Origin) -> Result<(), Failure> {
    for (index, operation) in blueprint.operations.iter().enumerate() {
        let result = make_point(operation).and_then(|made| {
            scene.made[index] = made;
            perform(operation, blueprint, scene, origin)
        });
        match result {
            Err(_) if !operation.required => {}
            result => result.at_index(Step::Mount, index)?,
        }
    }
    Ok(())
}

/// Takes down what covers the mount points that [`carry_out`] made in a writable root, and removes those that are
/// still empty.
pub(super) fn remove_made_points(blueprint: &Blueprint, scene: &Scene) {
    if !matches!(blueprint.layering, Layering::Writable) {
        return;
    }
    for (operation, &made) in blueprint.operations.iter().zip(&scene.made).rev() {
        if made == 0 {
            continue;
        }
        let _ = rustix::mount::unmount(&operation.target, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        remove_point(operation, made);
    }
}

fn remove_point(operation: &Operation, made: u16) {
    let Ok(mut path) = StackPath::new(operation.target.as_bytes()) else { return };
    for step in 0..made {
        let is_file = step == 0 && Point::of(operation) == Some(Point::File);
        if is_file && !is_empty_file(path.as_c_str()) {
            return;
        }
        let flags = if is_file { AtFlags::empty() } else { AtFlags::REMOVEDIR };
        if rustix::fs::unlinkat(CWD, path.as_c_str(), flags).is_err() {
            return;
        }
        let Some(end) = path.as_bytes().iter().rposition(|&byte| byte == b'/') else { return };
        path.truncate(end);
    }
}

fn is_empty_file(path: &CStr) -> bool {
    rustix::fs::lstat(path)
        .is_ok_and(|stat| stat.st_size == 0 && FileType::from_raw_mode(stat.st_mode).is_file())
}

/// Makes the mount point if it is missing, and says how many path components that took.
fn make_point(operation: &Operation) -> Result<u16, Errno> {
    let Some(point) = Point::of(operation) else { return Ok(0) };
    match rustix::fs::openat(CWD, &operation.target, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(_) => return Ok(0),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let target = operation.target.as_bytes();
    let mut made = 0;
    for end in prefixes(target) {
        let prefix = StackPath::new(&target[..end])?;
        let result = if end == target.len() && point == Point::File {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::openat(CWD, prefix.as_c_str(), flags, Mode::from_raw_mode(0o644)).map(drop)
        } else {
            rustix::fs::mkdirat(CWD, prefix.as_c_str(), Mode::from_raw_mode(0o755))
        };
        match result {
            Ok(()) => made += 1,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(made)
}

fn perform(
    operation: &Operation,
    blueprint: &Blueprint,
    scene: &Scene,
    origin: &Origin,
) -> Result<(), Errno> {
    let target = operation.target.as_c_str();
    match &operation.kind {
        Kind::FileSystem { name, data, restrictions, owner } => {
            rustix::mount::mount(name, target, name, flags(*restrictions), data.as_c_str())?;
            match *owner {
                // Where only one user exists, everything belongs to that one.
                Some((uid, gid)) if !scene.single => give(target, uid, gid),
                _ => Ok(()),
            }
        }
        Kind::Bind { source, submounts, restrictions, .. } => {
            bind_source(*source, target, blueprint, scene, origin)?;
            let result = restrict(target, *restrictions, *submounts);
            if result.is_err() {
                // Rather not there than less restricted than promised.
                let _ = rustix::mount::unmount(target, UnmountFlags::DETACH);
            }
            result
        }
        Kind::Content { name, bytes, mode, owner } => {
            write_content(name, bytes, *mode, owner.filter(|_| !scene.single), origin)?;
            rustix::process::fchdir(&origin.stage)?;
            rustix::mount::mount_bind(name, target)?;
            restrict(target, Restrictions { read_only: true, ..Restrictions::DATA }, false)
        }
        Kind::Link { to } => rustix::fs::symlinkat(to, CWD, target),
        Kind::Mask => mask(target, blueprint, scene, origin),
        Kind::Protect => protect(target),
    }
}

fn give(target: &CStr, uid: u32, gid: u32) -> Result<(), Errno> {
    let owner = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    rustix::fs::chownat(CWD, target, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW)
}

fn bind_source(
    index: usize,
    target: &CStr,
    blueprint: &Blueprint,
    scene: &Scene,
    origin: &Origin,
) -> Result<(), Errno> {
    let opened = scene.sources.get(index).and_then(Option::as_ref).ok_or(Errno::BADF)?;
    if let Some(name) = &blueprint.sources[index].name {
        rustix::process::fchdir(opened)?;
        return rustix::mount::mount_bind(name, target);
    }
    if FileType::from_raw_mode(rustix::fs::fstat(opened)?.st_mode).is_dir() {
        rustix::process::fchdir(opened)?;
        return rustix::mount::mount_bind_recursive(c".", target);
    }
    // A file out of a stack: by its descriptor, because its path is not the one it was asked for by.
    rustix::process::fchdir(&origin.descriptors)?;
    let mut name = StackPath::new(b"")?;
    name.append_number(opened.as_raw_fd().unsigned_abs())?;
    rustix::mount::mount_bind(name.as_c_str(), target)
}

fn write_content(
    name: &CStr,
    bytes: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
    origin: &Origin,
) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&origin.stage, name, flags, Mode::from_raw_mode(0o600))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(&file, rest) {
            Ok(written) => rest = &rest[written.min(rest.len())..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    if let Some((uid, gid)) = owner {
        rustix::fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))
}

/// Covers a file by `/dev/null` and a directory by an empty one.
fn mask(target: &CStr, blueprint: &Blueprint, scene: &Scene, origin: &Origin) -> Result<(), Errno> {
    let stat = match rustix::fs::lstat(target) {
        Ok(stat) => stat,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    if FileType::from_raw_mode(stat.st_mode).is_dir() {
        rustix::process::fchdir(&origin.stage)?;
        rustix::mount::mount_bind(c"empty", target)?;
        restrict(target, Restrictions::KERNEL_READ_ONLY, false)
    } else {
        bind_source(NULL_SOURCE, target, blueprint, scene, origin)?;
        restrict(target, Restrictions { read_only: true, ..Restrictions::DEVICE }, false)
    }
}

fn protect(target: &CStr) -> Result<(), Errno> {
    match rustix::mount::mount_bind_recursive(target, target) {
        Ok(()) => restrict(target, Restrictions::KERNEL_READ_ONLY, false),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Adds restrictions to the mount at `target` and to those below it.
pub(super) fn restrict(target: &CStr, restrictions: Restrictions, submounts: bool) -> Result<(), Errno> {
    match kernel::set_mount_attributes(target, attributes(restrictions)) {
        // Before Linux 5.12, or a container filter that does not know it: one mount at a time, which is only the whole
        // when nothing is mounted below.
        Err(Errno::NOSYS | Errno::PERM) if !submounts => {}
        result => return result,
    }
    let present = rustix::fs::statvfs(target)?.f_flag;
    let kept = MountFlags::from_bits_truncate(
        (present
            & (StatVfsMountFlags::RDONLY
                | StatVfsMountFlags::NOSUID
                | StatVfsMountFlags::NODEV
                | StatVfsMountFlags::NOEXEC))
            .bits() as u32,
    );
    rustix::mount::mount_remount(target, MountFlags::BIND | kept | flags(restrictions), c"")
}

fn flags(restrictions: Restrictions) -> MountFlags {
    let mut flags = MountFlags::empty();
    flags.set(MountFlags::RDONLY, restrictions.read_only);
    flags.set(MountFlags::NOSUID, restrictions.no_set_user_id);
    flags.set(MountFlags::NODEV, restrictions.no_devices);
    flags.set(MountFlags::NOEXEC, restrictions.no_execution);
    flags
}

fn attributes(restrictions: Restrictions) -> u64 {
    [
        (restrictions.read_only, libc::MOUNT_ATTR_RDONLY),
        (restrictions.no_set_user_id, libc::MOUNT_ATTR_NOSUID),
        (restrictions.no_devices, libc::MOUNT_ATTR_NODEV),
        (restrictions.no_execution, libc::MOUNT_ATTR_NOEXEC),
    ]
    .iter()
    .filter(|(wanted, _)| *wanted)
    .fold(0, |attributes, (_, bit)| attributes | bit)
}

//! Mounting the root and moving into it, pivot_root(2).

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{Gid, Uid};

use super::overlay::{Overlay, Records};
use super::skeleton::{self, Skeleton};
use super::stack;
use crate::blueprint::{Blueprint, Layering, Restrictions, Scene};
use crate::channel::{At, Failure};
use crate::step::Step;

/// What the set-up works from, until the host's file system is let go.
pub(super) struct Origin {
    root: OwnedFd,
    /// The scratch file system, whose `host` is the host's tree and whose `root` becomes the root.
    pub(super) stage: OwnedFd,
    /// `/proc/self/fd` of the host's proc, for paths that name descriptors.
    pub(super) descriptors: OwnedFd,
    upper: Option<OwnedFd>,
    work: Option<OwnedFd>,
}

/// Cuts the mounts off from the host's, opens all that will be needed, and moves to the scratch file system.
pub(super) fn prepare(blueprint: &Blueprint, scene: &mut Scene) -> Result<Origin, Failure> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change(c"/", private).at(Step::PrivateMounts)?;
    let root = open_directory(&blueprint.root).at(Step::OpenRoot)?;
    let descriptors = open_directory(c"/proc/self/fd").at(Step::Stage)?;
    let (upper, work) = match &blueprint.layering {
        Layering::Overlay { below, upper, work } => {
            for directory in below {
                // Within the capacity reserved before the clone.
                scene.below.push(open_directory(directory).at(Step::Overlay)?);
            }
            (Some(open_directory(upper).at(Step::Overlay)?), Some(open_directory(work).at(Step::Overlay)?))
        }
        _ => (None, None),
    };
    let plain = |source: &crate::blueprint::Source| source.stack.is_none();
    for (index, source) in blueprint.sources.iter().enumerate().filter(|(_, source)| plain(source)) {
        let opened = open_directory(&source.directory).at_index(Step::OpenSource, index)?;
        scene.sources[index] = Some(opened);
    }
    let stage = move_to_stage()?;
    Ok(Origin { root, stage, descriptors, upper, work })
}

/// Makes a scratch file system this process's root, with the host's tree below it.
///
/// It needs a mount point first, and `/proc` surely exists: it is uncovered again when the scratch file system moves
/// from there to `/`.
fn move_to_stage() -> Result<OwnedFd, Failure> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(c"scratch", c"/proc", c"tmpfs", flags, c"mode=0755").at(Step::Stage)?;
    rustix::process::chdir(c"/proc").at(Step::Stage)?;
    for name in [c"host", c"root", c"skeleton", c"empty"] {
        rustix::fs::mkdirat(CWD, name, Mode::from_raw_mode(0o755)).at(Step::Stage)?;
    }
    rustix::process::pivot_root(c".", c"host").at(Step::Pivot)?;
    rustix::process::chdir(c"/").at(Step::Pivot)?;
    open_directory(c"/").at(Step::Stage)
}

/// Makes what is created from now on belong to root inside.
pub(super) fn become_root() -> Result<(), Failure> {
    let group = Gid::ROOT;
    rustix::thread::set_thread_res_gid(group, group, group).at(Step::BecomeRoot)?;
    let user = Uid::ROOT;
    rustix::thread::set_thread_res_uid(user, user, user).at(Step::BecomeRoot)
}

/// Mounts the root and makes it this process's `/` by chroot(2), for the mounts that follow.
///
/// Not by pivot_root(2) yet: that would leave the host's tree mounted over the new root, and a `..` in a link of the
/// root would step into it. In a chroot, `..` ends at a directory that nothing is mounted over, and nobody else in
/// this namespace holds a door open.
pub(super) fn enter(
    blueprint: &Blueprint,
    records: Records,
    origin: &Origin,
    scene: &mut Scene,
) -> Result<(), Failure> {
    let target = STAGE_ROOT;
    stack::mount_all(blueprint, records, origin, scene)?;
    if scene.below.is_empty() {
        rustix::process::fchdir(&origin.root).at(Step::Root)?;
        rustix::mount::mount_bind_recursive(c".", target).at(Step::Root)?;
    } else {
        // Only to find out which mount points are missing.
        let mut overlay = Overlay::new(records).at(Step::Overlay)?;
        overlay.add_lower(&origin.root).at(Step::Overlay)?;
        overlay.add_all_lower(&scene.below).at(Step::Overlay)?;
        overlay.mount(target).at(Step::Overlay)?;
    }
    let skeleton = match blueprint.layering {
        // Missing mount points are made in place.
        Layering::Writable => Skeleton::Empty,
        _ => {
            change_root(target).at(Step::MountPoints)?;
            let skeleton = skeleton::build(blueprint, origin).at(Step::MountPoints)?;
            leave_root(origin).at(Step::MountPoints)?;
            skeleton
        }
    };
    if skeleton == Skeleton::Filled || origin.upper.is_some() {
        mount_overlay(target, skeleton, records, origin, scene).at(Step::Overlay)?;
    }
    let restrictions = Restrictions {
        read_only: matches!(blueprint.layering, Layering::ReadOnly),
        no_set_user_id: blueprint.credentials.no_new_privileges,
        no_devices: true,
        no_execution: false,
    };
    super::mounts::restrict(target, restrictions, false).at(Step::Root)?;
    change_root(target).at(Step::Root)
}

/// Makes the root `/` for good and lets the host's tree go.
pub(super) fn leave_host(origin: &Origin) -> Result<(), Failure> {
    leave_root(origin).at(Step::Pivot)?;
    let result = rustix::process::chdir(STAGE_ROOT).and_then(|()| rustix::process::pivot_root(c".", c"."));
    if let Err(errno) = result {
        // Whoever cleans up after a failure works with paths inside.
        let back = change_root(STAGE_ROOT);
        return Err(back.err().unwrap_or(errno)).at(Step::Pivot);
    }
    rustix::process::fchdir(&origin.stage).at(Step::Detach)?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH).at(Step::Detach)?;
    rustix::process::chdir(c"/").at(Step::Detach)
}

fn change_root(directory: &CStr) -> Result<(), Errno> {
    rustix::process::chdir(directory)?;
    rustix::process::chroot(c".")
}

fn leave_root(origin: &Origin) -> Result<(), Errno> {
    rustix::process::fchdir(&origin.stage)?;
    rustix::process::chroot(c".")
}

/// One overlay of the missing mount points over the root, with the changes on top if they are recorded.
fn mount_overlay(
    target: &CStr,
    skeleton: Skeleton,
    records: Records,
    origin: &Origin,
    scene: &Scene,
) -> Result<(), Errno> {
    let mut overlay = Overlay::new(records)?;
    if skeleton == Skeleton::Filled {
        let directory = open_beneath(&origin.stage, c"skeleton")?;
        overlay.add_lower(&directory)?;
        // Stays open until this process ends: the kernel looks it up while mounting.
        std::mem::forget(directory);
    }
    overlay.add_lower(&origin.root)?;
    overlay.add_all_lower(&scene.below)?;
    if let (Some(upper), Some(work)) = (&origin.upper, &origin.work) {
        overlay.record_changes(upper, work)?;
    }
    overlay.mount(target)
}

/// Where the root is mounted on the scratch file system.
const STAGE_ROOT: &CStr = c"/root";

/// Opens a directory without asking for permission to read it.
pub(super) fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    open_beneath(CWD, path)
}

pub(super) fn open_beneath(directory: impl std::os::fd::AsFd, path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, path, flags, Mode::empty())
}

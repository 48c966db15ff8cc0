//! Directories laid over each other beside the root, for mounts to take something from.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::overlay::{Overlay, Records};
use super::path::StackPath;
use super::root::{Origin, open_beneath, open_directory};
use crate::blueprint::{Blueprint, Kind, Scene, Source, Stack};
use crate::channel::{At, Failure};
use crate::step::Step;

/// Mounts every stack on the scratch file system and opens what is wanted of it. Runs with the scratch file system as
/// `/` and the host's tree below it.
pub(super) fn mount_all(
    blueprint: &Blueprint,
    records: Records,
    origin: &Origin,
    scene: &mut Scene,
) -> Result<(), Failure> {
    for (index, source) in blueprint.sources.iter().enumerate() {
        let Some(stack) = &source.stack else { continue };
        let whole = mount(index, source, stack, records, origin).at_index(Step::OpenSource, index)?;
        let opened = open(&whole, stack).at_index(Step::OpenSource, index)?;
        let is_file = rustix::fs::fstat(&opened)
            .map(|stat| !FileType::from_raw_mode(stat.st_mode).is_dir())
            .at_index(Step::OpenSource, index)?;
        for operation in &blueprint.operations {
            if let Kind::Bind { source, file, .. } = &operation.kind
                && *source == index
            {
                file.set(is_file);
            }
        }
        scene.sources[index] = Some(opened);
    }
    Ok(())
}

/// The root of the stack.
fn mount(
    index: usize,
    source: &Source,
    stack: &Stack,
    records: Records,
    origin: &Origin,
) -> Result<OwnedFd, Errno> {
    let top = open_host(source.directory.as_bytes())?;
    if stack.below.is_empty() && stack.changes.is_none() {
        return Ok(top);
    }
    let mut overlay = Overlay::new(records)?;
    overlay.add_lower(&top)?;
    std::mem::forget(top);
    for directory in &stack.below {
        let directory = open_host(directory.as_bytes())?;
        overlay.add_lower(&directory)?;
        // Stays open until this process ends: the kernel looks it up while mounting.
        std::mem::forget(directory);
    }
    if let Some((upper, work)) = &stack.changes {
        let (upper, work) = (open_host(upper.as_bytes())?, open_host(work.as_bytes())?);
        overlay.record_changes(&upper, &work)?;
        std::mem::forget((upper, work));
    }
    let mut place = StackPath::new(b"/stack-")?;
    place.append_number(index.min(9999) as u32)?;
    rustix::fs::mkdirat(CWD, place.as_c_str(), Mode::from_raw_mode(0o755))?;
    overlay.mount(place.as_c_str())?;
    let name = StackPath::new(&place.as_bytes()[1..])?;
    open_beneath(&origin.stage, name.as_c_str())
}

/// Links in the path end inside the stack, also absolute ones.
fn open(whole: &OwnedFd, stack: &Stack) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    rustix::fs::openat2(
        whole,
        &stack.path,
        flags,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    )
}

fn open_host(path: &[u8]) -> Result<OwnedFd, Errno> {
    let mut whole = StackPath::new(b"/host")?;
    whole.append(path)?;
    open_directory(whole.as_c_str())
}

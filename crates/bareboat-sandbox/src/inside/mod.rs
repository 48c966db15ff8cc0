//! What runs in the new process, from its first instruction to the application's: it carries out a [`Blueprint`].
//!
//! The process was cloned from a program with many threads, so nothing in here allocates, locks, panics or returns.
//! Paths are put together on the stack; what can fail is reported by step number over the channel.

mod application;
mod chroot;
mod init;
mod mounts;
mod overlay;
mod path;
mod root;
mod skeleton;
mod stack;
mod terminal;

pub use overlay::Records;
pub(crate) use path::PATH_SPACE;

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{CWD, Mode};
use rustix::process::{DumpableBehavior, Pid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::blueprint::{Blueprint, Layering, Scene};
use crate::channel::{At, Failure, Inner, Order};
use crate::kernel::{self, Cloned};
use crate::sandbox::Network;
use crate::step::Step;

/// What the caller hands over at the moment of the clone.
pub(crate) struct Handover<'a> {
    pub(crate) blueprint: &'a Blueprint,
    /// Whether there is a user namespace, with root mapped in it, and whether groups can be set.
    pub(crate) namespace: Namespace,
    pub(crate) channel: BorrowedFd<'a>,
    /// Asks for sockets of this network namespace, when something is published.
    pub(crate) connector: Option<BorrowedFd<'a>>,
    /// Takes the outer side of the terminal, when the sandbox gets one.
    pub(crate) terminal: Option<BorrowedFd<'a>>,
    /// Standard input, output and error; none leaves the caller's.
    pub(crate) streams: [Option<BorrowedFd<'a>>; 3],
}

/// What the new process must know about its ids.
#[derive(Clone, Copy)]
pub(crate) struct Namespace {
    pub(crate) own_users: bool,
    pub(crate) records: Records,
    pub(crate) maps_root: bool,
    pub(crate) sets_groups: bool,
}

/// The exit code of a first process whose set-up failed; nobody reads it, the report says more.
const SET_UP_FAILED: i32 = 125;

/// Sets the sandbox up, starts the application and watches over it, as process 1 of its namespace.
pub(crate) fn run(handover: &Handover<'_>, scene: &mut Scene) -> ! {
    let channel = Inner(handover.channel);
    keep_only_what_is_needed(handover, scene);
    kernel::reset_signal_actions();
    if !matches!(channel.receive(), Some(Order::Go)) {
        kernel::exit(SET_UP_FAILED);
    }
    let application = match set_up(handover, scene).and_then(|()| start(handover)) {
        Ok(application) => application,
        Err(failure) => {
            mounts::remove_made_points(handover.blueprint, scene);
            channel.failed(failure, &[]);
            kernel::exit(SET_UP_FAILED);
        }
    };
    let status = init::supervise(handover, scene, application);
    mounts::remove_made_points(handover.blueprint, scene);
    channel.ended(status);
    kernel::exit(0)
}

fn keep_only_what_is_needed(handover: &Handover<'_>, scene: &mut Scene) {
    // Within the capacity reserved before the clone.
    scene.keep.push(handover.channel.as_raw_fd());
    let sockets = [handover.connector, handover.terminal];
    scene.keep.extend(sockets.iter().flatten().map(|descriptor| descriptor.as_raw_fd()));
    scene.keep.extend(handover.streams.iter().flatten().map(|descriptor| descriptor.as_raw_fd()));
    kernel::close_all_except(&mut scene.keep);
}

fn set_up(handover: &Handover<'_>, scene: &mut Scene) -> Result<(), Failure> {
    let blueprint = handover.blueprint;
    if matches!(blueprint.layering, Layering::Chroot) {
        return chroot::enter(blueprint, scene);
    }
    // What is made for the run is for everybody inside, whatever the caller's files are.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let origin = root::prepare(blueprint, scene)?;
    if handover.namespace.maps_root {
        root::become_root()?;
    }
    root::enter(blueprint, handover.namespace.records, &origin, scene)?;
    mounts::carry_out(blueprint, scene, &origin)?;
    make_working_directory(blueprint);
    root::leave_host(&origin)?;
    if let Some(name) = &blueprint.hostname {
        rustix::system::sethostname(name).at(Step::Hostname)?;
    }
    if blueprint.network == Network::None {
        let socket =
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None);
        socket
            .and_then(|socket| kernel::raise_loopback(std::os::fd::AsFd::as_fd(&socket)))
            .at(Step::Loopback)?;
    }
    Ok(())
}

/// Where changes are recorded, a missing working directory is one. Entering it tells what went wrong.
fn make_working_directory(blueprint: &Blueprint) {
    if !matches!(blueprint.layering, Layering::Overlay { .. } | Layering::Chroot) {
        return;
    }
    let path = blueprint.working_directory.as_bytes();
    for end in path::prefixes(path) {
        let Ok(prefix) = path::StackPath::new(&path[..end]) else { return };
        let _ = rustix::fs::mkdirat(CWD, prefix.as_c_str(), Mode::from_raw_mode(0o755));
    }
}

/// Starts the application's process, then gives up what watching over it does not need.
fn start(handover: &Handover<'_>) -> Result<Pid, Failure> {
    // The copy of the caller's memory in this process, and the caller's program behind `/proc/1/exe`, are nobody's
    // business inside. (Before the id maps were written it would have kept the map programs out as well.)
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).at(Step::Supervise)?;
    let (gate, opened) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).at(Step::Supervise)?;
    let application = match clone_application().at(Step::Supervise)? {
        Cloned::Child => {
            drop(gate);
            application::become_application(handover)
        }
        Cloned::Parent(pid) => pid,
    };
    drop(opened);
    // The pipe closes when the application has been executed, or has reported why not and gone.
    let mut nothing = [0; 1];
    while rustix::io::read(&gate, &mut nothing) == Err(rustix::io::Errno::INTR) {}
    Inner(handover.channel).started();
    reduce_capabilities(handover.blueprint);
    Ok(application)
}

#[allow(unsafe_code)]
fn clone_application() -> Result<Cloned, rustix::io::Errno> {
    // SAFETY: this process has one thread, and its copy only runs `become_application`, which never returns.
    unsafe { kernel::clone_process(0) }
}

/// Process 1 signals processes of any user; where mount points were made it also removes them.
fn reduce_capabilities(blueprint: &Blueprint) {
    let mut kept = CapabilitySet::KILL;
    if matches!(blueprint.layering, Layering::Writable) {
        kept |= CapabilitySet::SYS_ADMIN | CapabilitySet::DAC_OVERRIDE;
    }
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    // Where it holds fewer already, there is nothing to give up.
    let _ = rustix::thread::set_capabilities(None, sets);
}

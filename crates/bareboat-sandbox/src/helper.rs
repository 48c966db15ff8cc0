//! Work on files as root of a user namespace, in a copy of this process: owners that only exist in there can be given
//! and seen, and files that only their owners may read can be read.
//!
//! The copy is made by fork(2), so the work can be ordinary code; but it has no other threads, so it must not wait for
//! any, as a thread pool would. What it writes comes out of [`HelperOutput`]; it ends with this process at the latest.

#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{Gid, Pid, Signal, Uid};

use crate::caller::Caller;
use crate::channel::{self, Failure, Inner, Order, Report};
use crate::error::SandboxError;
use crate::identity::{self, IdMaps, Identity, Wanted};
use crate::inside::Records;
use crate::kernel::{self, Cloned};
use crate::launch;
use crate::obstacle::Obstacle;
use crate::step::Step;

/// Work that goes on in a copy of this process. Dropping it kills it.
#[derive(Debug)]
pub struct Helper {
    pid: Pid,
    output: File,
    problem: File,
    reaped: bool,
}

/// Where overlays of sandboxes with this [`Identity`] keep their records.
pub fn overlay_records(identity: Identity) -> Records {
    match identity {
        Identity::Unmapped if Caller::read().in_initial_namespace() => Records::Trusted,
        _ => Records::User,
    }
}

/// How a sandbox with this [`Identity`] maps ids, as `/proc/PID/uid_map` and `gid_map` show it; empty without a user
/// namespace. Files made in one are only good for another with the same maps.
///
/// # Errors
/// The caller lacks what this way needs.
pub fn id_maps(identity: Identity) -> Result<String, SandboxError> {
    let maps = identity::maps(identity, &Caller::read(), &Wanted::root())?;
    Ok(maps.map_or_else(String::new, |maps| launch::map_lines(&maps.uids) + &launch::map_lines(&maps.gids)))
}

/// Starts `work` as root of a user namespace of this kind, or just as the caller for [`Identity::Unmapped`].
///
/// # Errors
/// The namespace cannot be made.
pub fn start_helper(
    identity: Identity,
    work: impl FnOnce(&mut dyn Write) -> Result<(), String>,
) -> Result<Helper, SandboxError> {
    let caller = Caller::read();
    let maps = match identity {
        Identity::Unmapped => None,
        _ => identity::maps(identity, &caller, &Wanted::root())?,
    };
    let system = SandboxError::system("make the helper's pipes");
    let (output, output_inner) = pipe().map_err(&system)?;
    let (problem, problem_inner) = pipe().map_err(&system)?;
    let (control, theirs) = channel::pair().map_err(&system)?;
    let place = Place { control: theirs, output: output_inner, problem: problem_inner };
    let mask = kernel::block_signals();
    // SAFETY: the copy only runs `run`, which never returns; a panic in it ends it by the guard.
    let cloned = unsafe { kernel::fork() };
    if let Ok(Cloned::Child) = cloned {
        let _guard = ExitOnUnwind;
        run(place, maps.is_some(), work);
    }
    kernel::restore_signals(&mask);
    drop(place);
    let pid = match cloned.map_err(SandboxError::system("start a helper process"))? {
        Cloned::Parent(pid) => pid,
        Cloned::Child => kernel::exit(125),
    };
    let helper = Helper { pid, output: output.into(), problem: problem.into(), reaped: false };
    if let Some(maps) = maps {
        map(identity, &caller, pid, &maps, &control)?;
    }
    channel::send_order(&control, Order::Go).map_err(|_| SandboxError::Vanished)?;
    Ok(helper)
}

/// Waits until the copy has its namespace, and writes the maps.
fn map(
    identity: Identity,
    caller: &Caller,
    pid: Pid,
    maps: &IdMaps,
    control: &OwnedFd,
) -> Result<(), SandboxError> {
    let system = SandboxError::system("hear from the helper process");
    match channel::receive_report(control).map_err(system)? {
        Some(Report::Started) => launch::write_maps(identity, caller, pid, maps),
        Some(Report::Failed(Failure { step, errno, .. }, _)) => {
            let obstacle = Obstacle::find(step, errno, true);
            Err(SandboxError::SetUp { step, identity, error: errno.into(), obstacle })
        }
        _ => Err(SandboxError::Vanished),
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((channel::above_streams(read)?, channel::above_streams(write)?))
}

/// The copy's ends.
struct Place {
    control: OwnedFd,
    output: OwnedFd,
    problem: OwnedFd,
}

fn run(place: Place, own_users: bool, work: impl FnOnce(&mut dyn Write) -> Result<(), String>) -> ! {
    // Ends of other helpers' pipes above all: whoever reads those waits until the last copy is closed.
    let mut keep = [place.control.as_raw_fd(), place.output.as_raw_fd(), place.problem.as_raw_fd()];
    kernel::close_all_except(&mut keep);
    kernel::reset_signal_actions();
    let control = Inner(place.control.as_fd());
    if own_users {
        match kernel::unshare_users() {
            Ok(()) => control.started(),
            Err(errno) => {
                control.failed(Failure { step: Step::Namespaces, index: 0, errno }, &[]);
                kernel::exit(125);
            }
        }
    }
    if !matches!(control.receive(), Some(Order::Go)) {
        kernel::exit(125);
    }
    let mut output = BufWriter::with_capacity(64 * 1024, File::from(place.output));
    let result = match own_users {
        true => become_root()
            .map_err(|errno| format!("cannot become root of a namespace: {}", io::Error::from(errno))),
        false => Ok(()),
    };
    // Whoever waits for the work does so in the thread that started it, so that this means the process.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    kernel::unblock_signals();
    rustix::process::umask(Mode::empty());
    let result = result
        .and_then(|()| work(&mut output))
        .and_then(|()| output.flush().map_err(|error| format!("cannot hand over the result: {error}")));
    let Err(message) = result else { kernel::exit(0) };
    let _ = File::from(place.problem).write_all(message.as_bytes());
    kernel::exit(1)
}

fn become_root() -> Result<(), Errno> {
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
    rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)
}

struct ExitOnUnwind;

impl Drop for ExitOnUnwind {
    fn drop(&mut self) {
        kernel::exit(101);
    }
}

impl Helper {
    /// What the work writes. `stop` is looked at while waiting; when it is true, reading fails.
    pub fn output<'h>(&'h self, stop: &'h dyn Fn() -> bool) -> HelperOutput<'h> {
        HelperOutput { file: &self.output, stop }
    }

    /// Waits for the end of the work; unread output is dropped.
    ///
    /// # Errors
    /// [`SandboxError::Helper`] with what the work says, [`SandboxError::Stopped`] after `stop` has become true.
    pub fn finish(mut self, stop: &dyn Fn() -> bool) -> Result<(), SandboxError> {
        let stopped = |error: io::Error| match stop() {
            true => SandboxError::Stopped,
            false => SandboxError::System { act: "hear from the helper process", error },
        };
        io::copy(&mut self.output(stop), &mut io::sink()).map_err(stopped)?;
        let mut message = Vec::new();
        HelperOutput { file: &self.problem, stop }.read_to_end(&mut message).map_err(stopped)?;
        let status = launch::reap(self.pid);
        self.reaped = true;
        match status {
            Some(0) => Ok(()),
            _ if stop() => Err(SandboxError::Stopped),
            _ if message.is_empty() => Err(SandboxError::Vanished),
            _ => Err(SandboxError::Helper { message: String::from_utf8_lossy(&message).into_owned() }),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = rustix::process::kill_process(self.pid, Signal::KILL);
            launch::reap(self.pid);
        }
    }
}

/// What a [`Helper`] writes, as it comes.
pub struct HelperOutput<'h> {
    file: &'h File,
    stop: &'h dyn Fn() -> bool,
}

impl Read for HelperOutput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if (self.stop)() {
                return Err(io::Error::other("stopped"));
            }
            let timeout = Timespec::try_from(LOOK_EVERY).ok();
            let mut watched = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::IN)];
            match rustix::event::poll(&mut watched, timeout.as_ref()) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return self.file.read(buffer),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(50);

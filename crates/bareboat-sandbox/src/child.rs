//! A running sandbox, seen from outside.

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::Shutdown;
use rustix::process::{Pid, Signal};

use crate::channel::{self, Order, Reach, Report};
use crate::error::SandboxError;
use crate::identity::Identity;
use crate::launch;
use crate::publish::Proxy;

/// How a sandboxed process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// With this code.
    Exited(u8),
    /// By this signal number.
    Signaled(i32),
}

impl ExitStatus {
    /// Whether it ended with code 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }

    /// The code for an own exit, as shells count: 128 plus the number of a signal.
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }

    fn from_wait_status(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signaled(libc::WTERMSIG(status))
        } else {
            Self::Exited(libc::WEXITSTATUS(status) as u8)
        }
    }
}

/// A running sandbox. Dropping it kills everything inside.
#[derive(Debug)]
pub struct Child {
    /// The writing end of [`crate::Stdio::Pipe`]'s standard input.
    pub stdin: Option<File>,
    /// The reading end of [`crate::Stdio::Pipe`]'s standard output.
    pub stdout: Option<File>,
    /// The reading end of [`crate::Stdio::Pipe`]'s standard error.
    pub stderr: Option<File>,
    /// The outer side of [`crate::Terminal::Own`].
    pub terminal: Option<File>,
    pid: Pid,
    control: OwnedFd,
    identity: Identity,
    proxy: Option<Proxy>,
    status: Option<ExitStatus>,
}

/// Our ends of the pipes.
pub(crate) struct Streams {
    pub(crate) stdin: Option<File>,
    pub(crate) stdout: Option<File>,
    pub(crate) stderr: Option<File>,
}

/// How long a kill may take before it is done by force.
const PATIENCE: Duration = Duration::from_secs(5);

impl Child {
    pub(crate) fn new(pid: Pid, control: OwnedFd, identity: Identity, streams: Streams) -> Self {
        let Streams { stdin, stdout, stderr } = streams;
        Self { stdin, stdout, stderr, terminal: None, pid, control, identity, proxy: None, status: None }
    }

    pub(crate) fn attach(&mut self, proxy: Proxy) {
        self.proxy = Some(proxy);
    }

    /// The id, outside, of the sandbox's first process, which lives as long as the sandbox does.
    pub fn process_id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How ids are mapped; never [`Identity::Automatic`].
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Where published ports are listened on, in the order asked for.
    pub fn published(&self) -> &[SocketAddr] {
        self.proxy.as_ref().map_or(&[], Proxy::addresses)
    }

    /// Sends a signal to the application.
    ///
    /// # Errors
    /// The sandbox has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), SandboxError> {
        channel::send_order(&self.control, Order::Signal(signal.as_raw(), Reach::Process))
            .map_err(SandboxError::system("send a signal into the sandbox"))
    }

    /// Waits until the application has ended and nothing inside runs any more.
    ///
    /// # Errors
    /// The wait itself failed.
    pub fn wait(&mut self) -> Result<ExitStatus, SandboxError> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let system = SandboxError::system("wait for the sandbox");
        let report = loop {
            match channel::receive_report(&self.control).map_err(&system)? {
                Some(Report::Ended(status)) => break Some(status),
                Some(_) => {}
                None => break None,
            }
        };
        let reaped = launch::reap(self.pid);
        // Without a report the first process was itself killed, and took the application with it.
        let raw = report.or(reaped.filter(|&status| libc::WIFSIGNALED(status))).unwrap_or(libc::SIGKILL);
        let status = ExitStatus::from_wait_status(raw);
        self.status = Some(status);
        Ok(status)
    }

    /// As [`wait`](Self::wait), for at most `limit`; none when the application still runs.
    ///
    /// # Errors
    /// The wait itself failed.
    pub fn wait_at_most(&mut self, limit: Duration) -> Result<Option<ExitStatus>, SandboxError> {
        if self.status.is_none() && !self.readable_within(limit)? {
            return Ok(None);
        }
        self.wait().map(Some)
    }

    /// Kills everything inside and waits until it is gone.
    ///
    /// # Errors
    /// The wait itself failed.
    pub fn kill(&mut self) -> Result<ExitStatus, SandboxError> {
        if self.status.is_none() {
            // The first process takes this for our death, cleans up and ends; by force only if it cannot.
            let _ = rustix::net::shutdown(&self.control, Shutdown::Write);
            if !self.readable_within(PATIENCE)? {
                let _ = rustix::process::kill_process(self.pid, Signal::KILL);
            }
        }
        self.wait()
    }

    pub(crate) fn control(&self) -> &OwnedFd {
        &self.control
    }

    /// Whether the sandbox has something to say, at the latest after `limit`.
    fn readable_within(&self, limit: Duration) -> Result<bool, SandboxError> {
        let end = Instant::now().checked_add(limit);
        loop {
            let rest = end.map(|end| end.saturating_duration_since(Instant::now()));
            let timeout = rest.and_then(|rest| Timespec::try_from(rest).ok());
            let mut watched = [PollFd::from_borrowed_fd(self.control.as_fd(), PollFlags::IN)];
            match rustix::event::poll(&mut watched, timeout.as_ref()) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(SandboxError::system("wait for the sandbox")(errno)),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_shells() {
        assert_eq!(ExitStatus::from_wait_status(3 << 8), ExitStatus::Exited(3));
        assert_eq!(ExitStatus::from_wait_status(libc::SIGTERM), ExitStatus::Signaled(15));
        assert_eq!(ExitStatus::Signaled(9).code(), 137);
        assert_eq!(ExitStatus::Exited(255).code(), 255);
    }
}

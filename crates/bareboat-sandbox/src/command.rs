//! Running a command to its end with its output captured: for builds, where somebody waits and wants to see why it failed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::child::{Child, ExitStatus};
use crate::error::SandboxError;
use crate::launch;
use crate::sandbox::{Sandbox, Stdio};

/// Which standard stream some output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// How much of a command is waited for and kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest it may run; it is killed then.
    pub time: Option<Duration>,
    /// The most bytes of output kept: the first half of them from the beginning, the other from the end.
    pub output: usize,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// What it printed, both streams in the order of arrival.
    pub output: Kept,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself.
    Ended(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
    /// The caller wanted it to end, and it was killed.
    Stopped,
}

/// The beginning and the end of some output.
#[derive(Debug, Default)]
pub struct Kept {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    left_out: u64,
    limit: usize,
}

/// Runs a command without standard input and hands its output on as it comes.
///
/// [`Sandbox::stdin`], [`stdout`](Sandbox::stdout) and [`stderr`](Sandbox::stderr) of `sandbox` are replaced. This
/// process's signals stay its own: when it dies, the command is killed.
///
/// # Errors
/// As [`crate::spawn`]. A command that fails or takes too long is no error here.
pub fn run_command(
    sandbox: Sandbox,
    limits: Limits,
    on_output: impl FnMut(Stream, &[u8]),
) -> Result<Finished, SandboxError> {
    run_command_until(sandbox, limits, &|| false, on_output)
}

/// As [`run_command`], but kills the command soon after `stop` has become true.
///
/// # Errors
/// As [`run_command`].
pub fn run_command_until(
    mut sandbox: Sandbox,
    limits: Limits,
    stop: &dyn Fn() -> bool,
    mut on_output: impl FnMut(Stream, &[u8]),
) -> Result<Finished, SandboxError> {
    sandbox.stdin = Stdio::Null;
    sandbox.stdout = Stdio::Pipe;
    sandbox.stderr = Stdio::Pipe;
    let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
    let mut child = launch::spawn(&sandbox)?;
    let mut kept = Kept { limit: limits.output, ..Kept::default() };
    let mut open = open_streams(&mut child);
    let mut buffer = vec![0; 64 * 1024];
    while !open.is_empty() {
        let ready = match wait_for_output(&open, deadline, stop)? {
            Waited::Ready(ready) => ready,
            Waited::Over(ending) => {
                child.kill()?;
                return Ok(Finished { ending, output: kept });
            }
        };
        let mut place = 0;
        open.retain_mut(|(stream, file)| {
            place += 1;
            if !ready[place - 1] {
                return true;
            }
            match file.read(&mut buffer) {
                Ok(0) => false,
                Ok(length) => {
                    kept.add(&buffer[..length]);
                    on_output(*stream, &buffer[..length]);
                    true
                }
                Err(error) => error.kind() == std::io::ErrorKind::Interrupted,
            }
        });
    }
    // It has closed its output, which does not mean that it has ended.
    loop {
        if let Some(status) = child.wait_at_most(patience(deadline))? {
            return Ok(Finished { ending: Ending::Ended(status), output: kept });
        }
        if let Some(ending) = over(deadline, stop) {
            child.kill()?;
            return Ok(Finished { ending, output: kept });
        }
    }
}

/// Why it must not go on, if so.
fn over(deadline: Option<Instant>, stop: &dyn Fn() -> bool) -> Option<Ending> {
    match deadline {
        _ if stop() => Some(Ending::Stopped),
        Some(deadline) if deadline <= Instant::now() => Some(Ending::TimedOut),
        _ => None,
    }
}

/// How long to wait before looking whether it must not go on.
fn patience(deadline: Option<Instant>) -> Duration {
    let rest = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    rest.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)
}

/// Long enough to cost nothing, short enough for somebody who pressed Ctrl-C.
const LOOK_EVERY: Duration = Duration::from_millis(50);

fn open_streams(child: &mut Child) -> Vec<(Stream, File)> {
    let output = child.stdout.take().map(|file| (Stream::Output, file));
    let error = child.stderr.take().map(|file| (Stream::Error, file));
    output.into_iter().chain(error).collect()
}

/// What waiting for output came to.
enum Waited {
    /// Which streams have some.
    Ready(Vec<bool>),
    /// It must not go on.
    Over(Ending),
}

fn wait_for_output(
    open: &[(Stream, File)],
    deadline: Option<Instant>,
    stop: &dyn Fn() -> bool,
) -> Result<Waited, SandboxError> {
    loop {
        if let Some(ending) = over(deadline, stop) {
            return Ok(Waited::Over(ending));
        }
        let timeout = Timespec::try_from(patience(deadline)).ok();
        let mut watched: Vec<_> =
            open.iter().map(|(_, file)| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)).collect();
        match rustix::event::poll(&mut watched, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => {
                let ready = watched.iter().map(|polled| !polled.revents().is_empty()).collect();
                return Ok(Waited::Ready(ready));
            }
            Err(errno) => return Err(SandboxError::system("wait for output")(errno)),
        }
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let half = self.limit / 2;
        let (first, rest) = bytes.split_at(bytes.len().min(half.saturating_sub(self.beginning.len())));
        self.beginning.extend_from_slice(first);
        self.end.extend(rest);
        let excess = self.end.len().saturating_sub(self.limit - half);
        self.end.drain(..excess);
        self.left_out += excess as u64;
    }

    /// How many bytes from the middle are missing.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What was kept, as text; a line in the middle says what is missing.
    pub fn text(&self) -> String {
        let mut bytes = self.beginning.clone();
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n[… {} bytes left out …]\n", self.left_out).as_bytes());
        }
        bytes.extend(&self.end);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last `count` lines of what was kept.
    pub fn last_lines(&self, count: usize) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_beginning_and_the_end() {
        let mut kept = Kept { limit: 8, ..Kept::default() };
        kept.add(b"ab");
        assert_eq!((kept.text().as_str(), kept.left_out()), ("ab", 0));
        kept.add(b"cdefgh");
        assert_eq!((kept.text().as_str(), kept.left_out()), ("abcdefgh", 0));
        for byte in b"ijklmnop" {
            kept.add(&[*byte]);
        }
        assert_eq!((kept.text().as_str(), kept.left_out()), ("abcd\n[… 8 bytes left out …]\nmnop", 8));
        assert_eq!(kept.last_lines(1), "mnop");
    }

    #[test]
    fn keeps_nothing_if_asked_to() {
        let mut kept = Kept::default();
        kept.add(b"abc");
        assert_eq!(kept.left_out(), 3);
        assert_eq!(kept.last_lines(0), "");
    }
}

//! The caller's side of a sandbox's own terminal: bytes both ways between it and the caller's.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, Winsize};

use crate::child::{Child, ExitStatus};
use crate::error::SandboxError;

/// The size of the terminal on standard input, or the customary one.
pub(crate) fn size() -> Winsize {
    let customary = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcgetwinsize(rustix::stdio::stdin())
        .ok()
        .filter(|size| size.ws_col > 0)
        .unwrap_or(customary)
}

/// Connects the caller's standard input and output with the sandbox's terminal until the sandbox ends.
pub(crate) fn relay(child: &mut Child, terminal: File) -> Result<ExitStatus, SandboxError> {
    let system = SandboxError::system("relay the terminal");
    rustix::io::ioctl_fionbio(&terminal, true).map_err(&system)?;
    let raw = RawMode::enter(rustix::stdio::stdin());
    let mut relay = Relay { terminal, input: Vec::new(), input_open: true, size: size() };
    let result = relay.run(child);
    drop(raw);
    result.map_err(system)?;
    child.wait()
}

struct Relay {
    terminal: File,
    /// Typed, not yet taken by the sandbox.
    input: Vec<u8>,
    input_open: bool,
    size: Winsize,
}

impl Relay {
    fn run(&mut self, child: &Child) -> Result<(), Errno> {
        loop {
            let [typed, terminal, ended] = self.wait(child)?;
            self.follow_size();
            if typed {
                self.read_input();
            }
            if terminal {
                self.write_input();
            }
            let silent = self.read_output();
            if ended && silent {
                return Ok(());
            }
        }
    }

    /// Which of standard input, terminal and sandbox have something to say.
    fn wait(&self, child: &Child) -> Result<[bool; 3], Errno> {
        let reading = self.input_open && self.input.is_empty();
        let typing = if reading { PollFlags::IN } else { PollFlags::empty() };
        let mut showing = PollFlags::IN;
        showing.set(PollFlags::OUT, !self.input.is_empty());
        let stdin = rustix::stdio::stdin();
        let source: BorrowedFd<'_> = if reading { stdin } else { child.control().as_fd() };
        let mut watched = [
            PollFd::from_borrowed_fd(source, typing),
            PollFd::new(&self.terminal, showing),
            PollFd::new(child.control(), PollFlags::IN),
        ];
        // Now and then the size of the caller's terminal is compared: the signal that announces a change may be
        // delivered to any thread and wakes nobody.
        let pause = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        match rustix::event::poll(&mut watched, Some(&pause)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let [typed, terminal, ended] = watched.map(|polled| !polled.revents().is_empty());
        Ok([typed && reading, terminal, ended])
    }

    fn follow_size(&mut self) {
        let size = size();
        if (size.ws_row, size.ws_col) != (self.size.ws_row, self.size.ws_col) {
            let _ = rustix::termios::tcsetwinsize(&self.terminal, size);
            self.size = size;
        }
    }

    fn read_input(&mut self) {
        let mut buffer = [0; 4096];
        match rustix::io::read(rustix::stdio::stdin(), &mut buffer) {
            Ok(0) => self.input_open = false,
            Ok(length) => self.input.extend_from_slice(&buffer[..length]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.input_open = false,
        }
    }

    fn write_input(&mut self) {
        if let Ok(length) = self.terminal.write(&self.input) {
            self.input.drain(..length);
        }
    }

    /// Shows what there is, and says whether there was nothing.
    fn read_output(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.terminal.read(&mut buffer) {
            Ok(length) if length > 0 => {
                let _ = io::stdout().write_all(&buffer[..length]);
                let _ = io::stdout().flush();
                false
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            // Nothing now, or (EIO) nobody inside has it open any more.
            _ => true,
        }
    }
}

/// The caller's terminal passes every key on while this lives.
struct RawMode(Option<Termios>);

impl RawMode {
    fn enter(terminal: BorrowedFd<'_>) -> Self {
        let Ok(before) = rustix::termios::tcgetattr(terminal) else { return Self(None) };
        let mut raw = before.clone();
        raw.make_raw();
        let entered = rustix::termios::tcsetattr(terminal, OptionalActions::Now, &raw).is_ok();
        Self(entered.then_some(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, before);
        }
    }
}

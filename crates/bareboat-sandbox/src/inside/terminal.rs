//! A terminal of the sandbox's own: a pair in its `/dev/pts`, whose other side is passed out to the caller.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use crate::descriptor;
use crate::sandbox::User;

/// Makes the terminal, makes it the controlling one of this new session, and connects the standard streams to it.
pub(super) fn connect(socket: BorrowedFd<'_>, size: Winsize, user: &User) -> Result<(), Errno> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    // `/dev/ptmx` inside leads to the sandbox's own instance.
    let outer = rustix::pty::openpt(flags)?;
    rustix::pty::unlockpt(&outer)?;
    let inner = rustix::pty::ioctl_tiocgptpeer(&outer, flags)?;
    rustix::termios::tcsetwinsize(&outer, size)?;
    // The user opens it again by name, for a password or a pager.
    rustix::fs::fchown(&inner, Some(Uid::from_raw(user.uid)), Some(Gid::from_raw(user.gid)))?;
    rustix::process::ioctl_tiocsctty(&inner)?;
    rustix::stdio::dup2_stdin(&inner)?;
    rustix::stdio::dup2_stdout(&inner)?;
    rustix::stdio::dup2_stderr(&inner)?;
    descriptor::send(socket, Some(outer.as_fd()))
}

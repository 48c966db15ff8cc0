//! The messages between the caller and the sandbox's first process, over a pair of sequenced-packet sockets.
//!
//! The socket is also the life line: when the caller dies, however it dies, its end closes, and the first process ends
//! and takes everything inside with it. A parent death signal would be sent when the *thread* that started the sandbox
//! ends, which is not the same.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::step::Step;

/// The most of a program's beginning that a failure report carries, in bytes.
pub(crate) const HEAD: usize = 1024;

const GO: u8 = b'g';
const SIGNAL: u8 = b's';
const STARTED: u8 = b'o';
const FAILED: u8 = b'f';
const ENDED: u8 = b'e';
const FIXED: usize = 12;

/// Two connected ends, each at descriptor 3 or above and closed on exec.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    Ok((above_streams(ours)?, above_streams(theirs)?))
}

/// The same descriptor, moved away from 0, 1 and 2, which the sandbox will replace.
pub(crate) fn above_streams(descriptor: OwnedFd) -> Result<OwnedFd, Errno> {
    rustix::io::fcntl_dupfd_cloexec(&descriptor, 3)
}

/// Why the set-up stopped, as it crosses the socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    /// Which mount, source or candidate, where a step has several.
    pub(crate) index: u16,
    pub(crate) errno: Errno,
}

/// Says which step an error belongs to.
pub(crate) trait At<T> {
    fn at(self, step: Step) -> Result<T, Failure>;
    fn at_index(self, step: Step, index: usize) -> Result<T, Failure>;
}

impl<T> At<T> for Result<T, Errno> {
    fn at(self, step: Step) -> Result<T, Failure> {
        self.at_index(step, 0)
    }

    fn at_index(self, step: Step, index: usize) -> Result<T, Failure> {
        let index = index.min(usize::from(u16::MAX)) as u16;
        self.map_err(|errno| Failure { step, index, errno })
    }
}

/// What the sandbox tells the caller.
#[derive(Debug)]
pub(crate) enum Report {
    /// The program runs.
    Started,
    /// It does not, and why; with the first bytes of the program, if executing it failed.
    Failed(Failure, Vec<u8>),
    /// It ended, with this wait status.
    Ended(i32),
}

/// How far a signal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The application's first process.
    Process,
    /// Its process group, as a terminal does it.
    Group,
}

/// What the caller tells the sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// The id maps are written.
    Go,
    /// Pass this signal on.
    Signal(i32, Reach),
}

/// The inner end: never allocates.
pub(crate) struct Inner<'a>(pub(crate) BorrowedFd<'a>);

impl Inner<'_> {
    pub(crate) fn started(&self) {
        self.send(STARTED, 0, 0, 0, &[]);
    }

    pub(crate) fn failed(&self, failure: Failure, head: &[u8]) {
        self.send(FAILED, failure.step as u8, failure.index, failure.errno.raw_os_error(), head);
    }

    pub(crate) fn ended(&self, wait_status: i32) {
        self.send(ENDED, 0, 0, wait_status, &[]);
    }

    fn send(&self, tag: u8, step: u8, index: u16, number: i32, head: &[u8]) {
        let mut message = [0; FIXED + HEAD];
        message[0] = tag;
        message[1] = step;
        message[2..4].copy_from_slice(&index.to_le_bytes());
        message[4..8].copy_from_slice(&number.to_le_bytes());
        let length = head.len().min(HEAD);
        message[FIXED..FIXED + length].copy_from_slice(&head[..length]);
        // Nobody is left to tell when the caller has gone.
        let _ = rustix::net::send(self.0, &message[..FIXED + length], SendFlags::NOSIGNAL);
    }

    /// Waits for the next order; none when the caller has gone.
    pub(crate) fn receive(&self) -> Option<Order> {
        let mut message = [0; 4];
        loop {
            match rustix::net::recv(self.0, &mut message, RecvFlags::empty()) {
                Ok((0, _)) => return None,
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            }
            match message {
                [GO, ..] => return Some(Order::Go),
                [SIGNAL, number, 0, _] => return Some(Order::Signal(i32::from(number), Reach::Process)),
                [SIGNAL, number, _, _] => return Some(Order::Signal(i32::from(number), Reach::Group)),
                _ => continue,
            }
        }
    }
}

/// Sends an order to the sandbox. Safe in a signal handler.
pub(crate) fn send_order(socket: impl AsFd, order: Order) -> Result<(), Errno> {
    let message = match order {
        Order::Go => [GO, 0, 0, 0],
        Order::Signal(number, reach) => [SIGNAL, number as u8, u8::from(reach == Reach::Group), 0],
    };
    // Not waiting: a stopped sandbox must not stop a signal handler.
    rustix::net::send(socket, &message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(drop)
}

/// Waits for the next report; none when the sandbox's first process has gone without one.
pub(crate) fn receive_report(socket: impl AsFd) -> Result<Option<Report>, Errno> {
    let mut message = [0; FIXED + HEAD];
    loop {
        let length = match rustix::net::recv(&socket, &mut message, RecvFlags::empty()) {
            Ok((0, _)) => return Ok(None),
            Ok((length, _)) => length,
            Err(Errno::INTR) => continue,
            Err(Errno::CONNRESET) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        if let Some(report) = decode(&message[..length]) {
            return Ok(Some(report));
        }
    }
}

fn decode(message: &[u8]) -> Option<Report> {
    let (fixed, head) = message.split_at_checked(FIXED)?;
    let number = i32::from_le_bytes(fixed[4..8].try_into().ok()?);
    match fixed[0] {
        STARTED => Some(Report::Started),
        ENDED => Some(Report::Ended(number)),
        FAILED => {
            let index = u16::from_le_bytes(fixed[2..4].try_into().ok()?);
            let failure =
                Failure { step: Step::from_byte(fixed[1])?, index, errno: Errno::from_raw_os_error(number) };
            Some(Report::Failed(failure, head.to_vec()))
        }
        _ => None,
    }
}

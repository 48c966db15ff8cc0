//! Process 1: passes signals on, reaps what is orphaned, and ends everything when the application or the caller ends.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions};

use super::Handover;
use crate::blueprint::Scene;
use crate::channel::{Inner, Order, Reach};
use crate::descriptor;
use crate::kernel;

/// Signals that process 1 passes on when somebody sends them to it directly.
const PASSED_ON: [i32; 7] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2, libc::SIGWINCH];

/// Watches until the application ends and returns its wait status. When the caller has gone it does not return
/// before everything inside is killed, and then with the status of a killed application.
pub(super) fn supervise(handover: &Handover<'_>, scene: &Scene, application: Pid) -> i32 {
    let status = watch(handover, application).unwrap_or(libc::SIGKILL);
    if let Some(children) = &scene.children {
        super::chroot::end_all(children);
        return status;
    }
    // -1 is everybody in this process namespace except process 1.
    kernel::kill(-1, libc::SIGKILL);
    while let Ok(Some(_)) | Err(Errno::INTR) = rustix::process::wait(WaitOptions::empty()) {}
    status
}

fn watch(handover: &Handover<'_>, application: Pid) -> Option<i32> {
    let mut watched = [libc::SIGCHLD; PASSED_ON.len() + 1];
    watched[1..].copy_from_slice(&PASSED_ON);
    // All signals have been blocked since before the clone, so none was lost.
    let signals = kernel::signal_descriptor(&watched).ok()?;
    release_streams(handover);
    let mut asking = handover.connector;
    loop {
        // Where nobody asks for sockets, polling the channel twice does no harm.
        let connector = asking.unwrap_or(handover.channel);
        let mut watched = [
            PollFd::from_borrowed_fd(handover.channel, PollFlags::IN),
            PollFd::new(&signals, PollFlags::IN),
            PollFd::from_borrowed_fd(connector, PollFlags::IN),
        ];
        match rustix::event::poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
        let ready = [0, 1, 2].map(|index: usize| !watched[index].revents().is_empty());
        if ready[0] {
            match Inner(handover.channel).receive()? {
                Order::Signal(number, reach) => pass_on(application, number, reach),
                Order::Go => {}
            }
        }
        while ready[1]
            && let Some(number) = kernel::next_signal(signals.as_fd())
        {
            if number != libc::SIGCHLD {
                pass_on(application, number, Reach::Process);
            } else if let Some(status) = reap(application) {
                return Some(status);
            }
        }
        if ready[2] {
            asking = asking.filter(|connector| answer_connector(*connector));
        }
    }
}

/// Reaps every process that has ended; the application's status if it is among them.
fn reap(application: Pid) -> Option<i32> {
    let mut found = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == application => found = Some(status.as_raw()),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return found,
        }
    }
}

fn pass_on(application: Pid, number: i32, reach: Reach) {
    let pid = application.as_raw_nonzero().get();
    match reach {
        Reach::Process => kernel::kill(pid, number),
        // The application leads its group; whoever left the group has arranged for itself.
        Reach::Group => kernel::kill(-pid, number),
    }
}

/// Lets go of the standard streams, so that whoever reads the application's output sees its end when the application
/// closes it.
fn release_streams(handover: &Handover<'_>) {
    if let Ok(null) = rustix::fs::open(c"/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    for descriptor in handover.streams.iter().flatten() {
        kernel::close(*descriptor);
    }
}

/// Answers one request for a socket of this network namespace: `4` or `6` asks for the address family, the answer
/// carries the socket. Connecting it is the caller's work. Whether the asking side is still there.
fn answer_connector(connector: BorrowedFd<'_>) -> bool {
    use rustix::net::{AddressFamily, SocketFlags, SocketType};
    let mut request = [0; 1];
    match rustix::net::recv(connector, &mut request, rustix::net::RecvFlags::DONTWAIT) {
        Ok((1, _)) => {}
        Err(Errno::AGAIN | Errno::INTR) => return true,
        _ => return false,
    }
    let family = if request[0] == b'6' { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None);
    descriptor::send(connector, socket.as_ref().ok().map(AsFd::as_fd)).is_ok()
}

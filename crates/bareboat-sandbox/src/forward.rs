//! Passing this process's signals on to running sandboxes, as a terminal user or a supervisor expects of `run`.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::channel::{self, Order, Reach};
use crate::child::Child;

/// What is passed on. SIGTSTP also stops this process, and SIGCONT continues both.
const SIGNALS: [c_int; 9] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGTSTP,
    libc::SIGCONT,
];

/// The sandboxes that want signals.
static RECEIVERS: [Receiver; 64] = [const { Receiver::new() }; 64];
/// How many handlers run right now.
static HANDLING: AtomicUsize = AtomicUsize::new(0);
/// What the signals did before; empty while nothing is passed on.
static BEFORE: Mutex<Before> = Mutex::new(Before { users: 0, actions: Vec::new() });

struct Before {
    users: usize,
    actions: Vec<(c_int, libc::sigaction)>,
}

/// One sandbox that wants signals, or will once it has started.
struct Receiver {
    /// The control socket, or `FREE`, or `STARTING`.
    descriptor: AtomicI32,
    /// Signals that came while it was starting, as bits: for the process, for the group.
    pending: [AtomicU64; 2],
}

const FREE: RawFd = -1;
const STARTING: RawFd = -2;

impl Receiver {
    const fn new() -> Self {
        Self { descriptor: AtomicI32::new(FREE), pending: [const { AtomicU64::new(0) }; 2] }
    }

    fn claim(&self) -> bool {
        self.descriptor.compare_exchange(FREE, STARTING, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Only async-signal-safe calls.
    fn pass_on(&self, signal: c_int, reach: Reach) {
        let descriptor = self.descriptor.load(Ordering::SeqCst);
        if descriptor == STARTING {
            self.pending[usize::from(reach == Reach::Group)].fetch_or(1 << signal, Ordering::SeqCst);
        }
        if descriptor >= 0 {
            // SAFETY: Forwarding's user keeps the socket open while it is listed and while handlers run.
            let socket = unsafe { BorrowedFd::borrow_raw(descriptor) };
            let _ = channel::send_order(socket, Order::Signal(signal, reach));
        }
    }

    fn pass_pending(&self) {
        for (pending, reach) in self.pending.iter().zip([Reach::Process, Reach::Group]) {
            let signals = pending.swap(0, Ordering::SeqCst);
            for signal in SIGNALS.into_iter().filter(|signal| signals & 1 << signal != 0) {
                self.pass_on(signal, reach);
            }
        }
    }
}

/// While it lives, this process's signals go to one sandbox.
pub(crate) struct Forwarding(Option<&'static Receiver>);

impl Forwarding {
    /// Starts keeping signals for a sandbox that is about to start.
    pub(crate) fn begin() -> Self {
        let free = RECEIVERS.iter().find(|receiver| receiver.claim());
        if free.is_some() {
            install();
        }
        Self(free)
    }

    /// Passes the kept signals and all later ones on to `child`, which must outlive this value.
    pub(crate) fn attach(&self, child: &Child) {
        let Some(receiver) = self.0 else { return };
        receiver.descriptor.store(child.control().as_raw_fd(), Ordering::SeqCst);
        wait_for_handlers();
        receiver.pass_pending();
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let Some(receiver) = self.0 else { return };
        receiver.descriptor.store(STARTING, Ordering::SeqCst);
        wait_for_handlers();
        for pending in &receiver.pending {
            pending.store(0, Ordering::SeqCst);
        }
        uninstall();
        receiver.descriptor.store(FREE, Ordering::SeqCst);
    }
}

/// A handler in another thread may have read a receiver before it changed.
fn wait_for_handlers() {
    while HANDLING.load(Ordering::SeqCst) > 0 {
        std::thread::yield_now();
    }
}

fn install() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    before.users += 1;
    if before.users > 1 {
        return;
    }
    for signal in SIGNALS {
        // SAFETY: sigaction is plain data; the handler is async-signal-safe; whoever ignores a signal (`nohup`) goes
        // on ignoring it.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut old);
            if old.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut new: libc::sigaction = std::mem::zeroed();
            new.sa_sigaction = handle as *const () as libc::sighandler_t;
            new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            if libc::sigaction(signal, &new, std::ptr::null_mut()) == 0 {
                before.actions.push((signal, old));
            }
        }
    }
}

fn uninstall() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    before.users -= 1;
    if before.users > 0 {
        return;
    }
    for (signal, action) in before.actions.drain(..) {
        // SAFETY: the action came from sigaction itself.
        unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
    }
}

/// Passes one signal on. Only async-signal-safe calls; errno is put back.
extern "C" fn handle(signal: c_int, information: *mut libc::siginfo_t, _context: *mut std::ffi::c_void) {
    HANDLING.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the kernel passes a valid record to an SA_SIGINFO handler; errno is thread-local.
    let (code, errno) = unsafe { ((*information).si_code, *libc::__errno_location()) };
    // The kernel itself sends what a terminal asks for, to a whole process group. The sandbox is a session of its
    // own, so the terminal did not reach it.
    let reach = if code == libc::SI_KERNEL { Reach::Group } else { Reach::Process };
    for receiver in &RECEIVERS {
        receiver.pass_on(signal, reach);
    }
    HANDLING.fetch_sub(1, Ordering::SeqCst);
    if signal == libc::SIGTSTP {
        // SAFETY: stops this process, as the signal would have done without us.
        unsafe { libc::kill(libc::getpid(), libc::SIGSTOP) };
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

//! The system calls that rustix does not offer, each behind the narrowest safe signature it can have.
//!
//! Everything here may run in a process made by [`clone_process`] from a program with many threads: nothing
//! allocates, takes a lock or touches the C library's state, except where a comment says "parent only".

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_ulong};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::Pid;

/// What [`clone_process`] returned, in which process.
pub(crate) enum Cloned {
    /// In the caller: the new process.
    Parent(Pid),
    /// In the new process.
    Child,
}

/// Makes a copy of this process with new namespaces (`CLONE_NEW…` in `namespaces`).
///
/// # Safety
/// The copy has only the calling thread; locks that other threads held stay locked for ever. So the child must
/// neither allocate nor lock nor unwind, and must end in [`exit`] or [`execute`].
pub(crate) unsafe fn clone_process(namespaces: c_int) -> Result<Cloned, Errno> {
    let flags = c_long::from(namespaces | libc::SIGCHLD);
    // SAFETY: no CLONE_VM and a null stack: the child continues on a copy of this stack. The other arguments
    // belong to flags that are not set, so their order, which differs between architectures, does not matter.
    // clone rather than clone3: common container seccomp filters answer clone3 with ENOSYS.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0_usize, 0_usize, 0_usize, 0_usize) };
    match result {
        0 => Ok(Cloned::Child),
        pid if pid > 0 => Pid::from_raw(pid as i32).map(Cloned::Parent).ok_or(Errno::CHILD),
        _ => Err(last_error()),
    }
}

/// Makes a copy of this process in which the C library can be used: it takes care of its own locks, such as the
/// allocator's, as it does for every program that forks.
///
/// # Safety
/// The copy has only the calling thread; other locks that other threads held stay locked for ever. It must end in
/// [`exit`].
pub(crate) unsafe fn fork() -> Result<Cloned, Errno> {
    // SAFETY: no preconditions of its own.
    match unsafe { libc::fork() } {
        0 => Ok(Cloned::Child),
        pid if pid > 0 => Pid::from_raw(pid).map(Cloned::Parent).ok_or(Errno::CHILD),
        _ => Err(last_error()),
    }
}

/// Moves this process, which has one thread, to a user namespace of its own.
pub(crate) fn unshare_users() -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    match unsafe { libc::unshare(libc::CLONE_NEWUSER) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

/// Makes processes that lose their parent children of this one.
pub(crate) fn adopt_orphans() -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1_usize, 0_usize, 0_usize, 0_usize) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

/// Ends this process at once: no destructors, no exit handlers.
pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Null-terminated pointer array of C strings, made before the clone and valid after it.
pub(crate) struct StringArray {
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl StringArray {
    /// Parent only.
    pub(crate) fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect();
        Self { _strings: strings, pointers }
    }
}

/// Replaces this process by `program`; returns only the reason why it could not.
pub(crate) fn execute(program: &CStr, arguments: &StringArray, environment: &StringArray) -> Errno {
    // SAFETY: both arrays end in a null pointer and point to C strings that the arrays own.
    unsafe { libc::execve(program.as_ptr(), arguments.pointers.as_ptr(), environment.pointers.as_ptr()) };
    last_error()
}

/// The signal mask of a thread.
pub(crate) struct SignalMask(libc::sigset_t);

/// Blocks every signal in this thread and returns the mask before.
pub(crate) fn block_signals() -> SignalMask {
    // SAFETY: sigset_t is plain data; sigfillset and pthread_sigmask initialise what they are given.
    unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        SignalMask(before)
    }
}

/// Puts back the mask that [`block_signals`] returned.
pub(crate) fn restore_signals(mask: &SignalMask) {
    // SAFETY: the mask was filled by pthread_sigmask.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &mask.0, ptr::null_mut()) };
}

/// Unblocks every signal in this thread.
pub(crate) fn unblock_signals() {
    // SAFETY: as in block_signals.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &none, ptr::null_mut());
    }
}

/// Gives every signal its default action: handlers belong to the program we were cloned from, and ignored
/// signals (Rust ignores SIGPIPE) would stay ignored in what we execute.
pub(crate) fn reset_signal_actions() {
    // The kernel's own structure: handler SIG_DFL, no flags, no restorer, empty mask. The C library's functions would
    // refuse the two signals that they keep for themselves.
    let default = [0_u64; 4];
    for signal in 1..=64 as c_long {
        // SAFETY: reads 32 bytes; SIGKILL and SIGSTOP are refused, which is fine.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), ptr::null::<u64>(), 8_usize);
        }
    }
}

/// A descriptor that reads the given signals, which must be blocked; not blocking, closed on exec.
pub(crate) fn signal_descriptor(signals: &[c_int]) -> Result<OwnedFd, Errno> {
    // SAFETY: the set is initialised by sigemptyset; on success the descriptor is new and ours alone.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for &signal in signals {
            libc::sigaddset(&mut set, signal);
        }
        let descriptor = libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        owned(descriptor)
    }
}

/// The number of the next signal in a descriptor from [`signal_descriptor`]; none when it is empty.
pub(crate) fn next_signal(descriptor: BorrowedFd<'_>) -> Option<c_int> {
    // SAFETY: signalfd_siginfo is plain data, and the kernel writes whole records only.
    let (length, record) = unsafe {
        let mut record: libc::signalfd_siginfo = std::mem::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        (libc::read(descriptor.as_raw_fd(), (&raw mut record).cast(), size), record)
    };
    (length == size_of::<libc::signalfd_siginfo>() as isize).then_some(record.ssi_signo as c_int)
}

/// Closes every descriptor from 3 on that is not in `keep`.
pub(crate) fn close_all_except(keep: &mut [RawFd]) {
    keep.sort_unstable();
    let mut first = 3;
    for &kept in keep.iter().filter(|&&kept| kept >= 3) {
        close_range(first, kept - 1);
        first = kept + 1;
    }
    close_range(first, RawFd::MAX);
}

fn close_range(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: takes numbers only. The cloned process owns none of its inherited descriptors through an OwnedFd
    // that it will ever drop: it leaves by exit or execute.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, c_long::from(first), c_long::from(last), 0_usize) };
    if result == 0 {
        return;
    }
    // Before Linux 5.9. The limit bounds the loop where somebody allows a billion descriptors.
    for descriptor in first..=last.min(65_535) {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
}

/// Sets `attributes` (`MOUNT_ATTR_…`) on the mount at `target` and on all below it; needs Linux 5.12.
pub(crate) fn set_mount_attributes(target: &CStr, attributes: u64) -> Result<(), Errno> {
    // SAFETY: mount_attr is plain data; the kernel reads exactly the size passed.
    let result = unsafe {
        let mut wanted: libc::mount_attr = std::mem::zeroed();
        wanted.attr_set = attributes;
        libc::syscall(
            libc::SYS_mount_setattr,
            c_long::from(libc::AT_FDCWD),
            target.as_ptr(),
            c_ulong::from(libc::AT_RECURSIVE as u32),
            &raw const wanted,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Switches the loopback interface of this network namespace on.
pub(crate) fn raise_loopback(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: ifreq is plain data; the name is NUL-terminated and the flags member is the one SIOCSIFFLAGS reads.
    let result = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as c_char;
        request.ifr_name[1] = b'o' as c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request)
    };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Installs a seccomp filter for this process and all it will start.
pub(crate) fn install_filter(filter: &[libc::sock_filter]) -> Result<(), Errno> {
    let length = u16::try_from(filter.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
    // Without SPEC_ALLOW, kernels before 5.16 switch speculative store bypass off for the whole process: slow,
    // and containers do not do it either.
    for flags in [libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0] {
        // SAFETY: the program points to `length` instructions that outlive the call; the kernel copies and checks.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER as c_ulong,
                flags as c_ulong,
                &raw const program,
            )
        };
        match result {
            0 => return Ok(()),
            _ if last_error() == Errno::INVAL && flags != 0 => continue,
            _ => break,
        }
    }
    Err(last_error())
}

/// Leaves the session keyring of whoever started us for an empty one; kernels without keyrings have nothing to leave.
pub(crate) fn leave_session_keyring() {
    const JOIN_SESSION_KEYRING: c_ulong = 1;
    // SAFETY: a null name asks for a new anonymous keyring.
    unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, 0_usize) };
}

/// The login name of `uid`, from the system's user database. Parent only.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    let mut buffer = vec![0 as c_char; 16 * 1024];
    // SAFETY: passwd is plain data that getpwuid_r fills with pointers into `buffer`, which outlives their use.
    unsafe {
        let mut entry: libc::passwd = std::mem::zeroed();
        let mut found = ptr::null_mut();
        let result = libc::getpwuid_r(uid, &mut entry, buffer.as_mut_ptr(), buffer.len(), &mut found);
        if result != 0 || found.is_null() || entry.pw_name.is_null() {
            return None;
        }
        CStr::from_ptr(entry.pw_name).to_str().ok().map(str::to_owned)
    }
}

/// Signals a process (or, negative, a process group; or, -1, everybody); whoever has gone needs no signal.
pub(crate) fn kill(pid: i32, signal: c_int) {
    // SAFETY: takes numbers only.
    unsafe { libc::kill(pid, signal) };
}

/// Closes a descriptor that the cloned process inherited and nothing in it will use again.
pub(crate) fn close(descriptor: BorrowedFd<'_>) {
    // SAFETY: the owner is in the caller's process and has its own copy; this process leaves by exit.
    unsafe { libc::close(descriptor.as_raw_fd()) };
}

/// Takes the capability with this number out of the bounding set.
pub(crate) fn drop_bounding(number: u32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    let result =
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, c_ulong::from(number), 0_usize, 0_usize, 0_usize) };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// # Safety
/// `descriptor` must be new and owned by nobody, or negative with errno set.
unsafe fn owned(descriptor: RawFd) -> Result<OwnedFd, Errno> {
    if descriptor < 0 {
        return Err(last_error());
    }
    // SAFETY: the caller promises that nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn last_error() -> Errno {
    // SAFETY: errno is thread-local and always readable.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}

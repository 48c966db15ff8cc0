//! The last steps of the application's process before its program: who it is, what it may, what it executes.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::Handover;
use super::path::StackPath;
use crate::blueprint::{Credentials, Program};
use crate::channel::{At, Failure, HEAD, Inner};
use crate::kernel;
use crate::step::Step;

/// Becomes the application, or reports why not and ends.
pub(super) fn become_application(handover: &Handover<'_>) -> ! {
    let mut head = [0; HEAD];
    let mut length = 0;
    let failure = match prepare(handover) {
        Err(failure) => failure,
        Ok(()) if handover.blueprint.program.candidates.is_empty() => kernel::exit(0),
        Ok(()) => {
            let (index, errno) = execute(&handover.blueprint.program, &mut head, &mut length);
            let index = index.min(usize::from(u16::MAX)) as u16;
            Failure { step: Step::Execute, index, errno }
        }
    };
    Inner(handover.channel).failed(failure, &head[..length]);
    kernel::exit(127)
}

fn prepare(handover: &Handover<'_>) -> Result<(), Failure> {
    let credentials = &handover.blueprint.credentials;
    // An own session: signals from the caller's terminal reach the caller, which passes them on once; and the
    // application can neither push input into that terminal nor signal the caller's process group.
    rustix::process::setsid().at(Step::Supervise)?;
    connect_streams(handover).at(Step::StandardStreams)?;
    kernel::leave_session_keyring();
    // Without no_new_privs, installing a filter is a privileged act: before privileges go.
    if !credentials.no_new_privileges {
        install_filter(handover)?;
    }
    become_user(credentials, handover.namespace.sets_groups)?;
    if credentials.no_new_privileges {
        rustix::thread::set_no_new_privs(true).at(Step::NoNewPrivileges)?;
        install_filter(handover)?;
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::process::chdir(&handover.blueprint.working_directory).at(Step::WorkingDirectory)?;
    kernel::reset_signal_actions();
    kernel::unblock_signals();
    Ok(())
}

fn install_filter(handover: &Handover<'_>) -> Result<(), Failure> {
    match handover.blueprint.seccomp.as_slice() {
        [] => Ok(()),
        filter => kernel::install_filter(filter).at(Step::Seccomp),
    }
}

fn connect_streams(handover: &Handover<'_>) -> Result<(), Errno> {
    if let (Some(socket), Some(size)) = (handover.terminal, handover.blueprint.terminal) {
        return super::terminal::connect(socket, size, &handover.blueprint.credentials.user);
    }
    let [input, output, error] = handover.streams;
    if let Some(descriptor) = input {
        rustix::stdio::dup2_stdin(descriptor)?;
    }
    if let Some(descriptor) = output {
        rustix::stdio::dup2_stdout(descriptor)?;
    }
    if let Some(descriptor) = error {
        rustix::stdio::dup2_stderr(descriptor)?;
    }
    let user = &handover.blueprint.credentials.user;
    for descriptor in [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()] {
        give_pipe(descriptor, user.uid, user.gid);
    }
    Ok(())
}

/// Makes a pipe belong to the application's user, so that opening `/dev/stdout` works for it. Nothing else is given
/// away: a terminal or a file stays its owner's.
fn give_pipe(descriptor: BorrowedFd<'_>, uid: u32, gid: u32) {
    let is_pipe = rustix::fs::fstat(descriptor)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
    if is_pipe {
        // Refused for a pipe whose owner has no id in here: then only that path does not work.
        let _ = rustix::fs::fchown(descriptor, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    }
}

fn become_user(credentials: &Credentials, sets_groups: bool) -> Result<(), Failure> {
    let user = &credentials.user;
    if sets_groups {
        set_groups(&user.groups).at(Step::Groups)?;
    }
    let held = rustix::thread::capabilities(None).at(Step::Capabilities)?.permitted;
    limit_capabilities(credentials).at(Step::Capabilities)?;
    let gid = Gid::from_raw(user.gid);
    rustix::thread::set_thread_res_gid(gid, gid, gid).at(Step::User)?;
    let uid = Uid::from_raw(user.uid);
    rustix::thread::set_thread_res_uid(uid, uid, uid).at(Step::User)?;
    let kept = match user.uid {
        // What an outer container has taken away, nobody can give.
        0 => CapabilitySet::from_bits_truncate(credentials.capabilities.bits()) & held,
        _ => CapabilitySet::empty(),
    };
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).at(Step::Capabilities)
}

fn set_groups(groups: &[u32]) -> Result<(), Errno> {
    // On the stack; the kernel's own limit is 65,536, the customary one of NFS 16.
    const MOST: usize = 1024;
    let mut list = [Gid::ROOT; MOST];
    let list = list.get_mut(..groups.len()).ok_or(Errno::INVAL)?;
    for (place, &group) in list.iter_mut().zip(groups) {
        *place = Gid::from_raw(group);
    }
    rustix::thread::set_thread_groups(list)
}

/// Empties the bounding and ambient sets of what is not allowed.
fn limit_capabilities(credentials: &Credentials) -> Result<(), Errno> {
    match rustix::thread::clear_ambient_capability_set() {
        // Before Linux 4.3 there is no such set.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(errno) => return Err(errno),
    }
    for number in (0..64).filter(|&number| !credentials.capabilities.contains(number)) {
        match kernel::drop_bounding(number) {
            // The first number that this kernel does not have.
            Err(Errno::INVAL) => break,
            result => result?,
        }
    }
    Ok(())
}

/// Tries the candidates; returns the one that decided the failure and why, and its first bytes.
fn execute(program: &Program, head: &mut [u8; HEAD], length: &mut usize) -> (usize, Errno) {
    let mut decisive = (0, Errno::NOENT);
    for (index, candidate) in program.candidates.iter().enumerate() {
        if let Err(errno) = check(candidate) {
            match errno {
                Errno::NOENT | Errno::NOTDIR => {}
                // Another directory of the search path may have a better one.
                Errno::ACCESS => decisive = (index, errno),
                _ => return (index, errno),
            }
            continue;
        }
        let errno = kernel::execute(candidate, &program.arguments, &program.environment);
        *length = read_head(candidate, head);
        decisive = (index, errno);
        if errno != Errno::ACCESS {
            break;
        }
    }
    decisive
}

/// Follows a program's interpreters and refuses any that a link of `/proc` leads to.
///
/// `/proc/self/exe` is still the caller's own program, on the host's file system: executing it inside would hand a
/// door to it to whatever the image preloads.
fn check(program: &CStr) -> Result<(), Errno> {
    let mut path = StackPath::new(program.to_bytes())?;
    // The kernel follows five interpreters.
    for _ in 0..6 {
        let file = open_without_magic(path.as_c_str())?;
        let file_type = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
        if file_type == FileType::Directory {
            return Err(Errno::ACCESS);
        }
        if file_type != FileType::RegularFile {
            return Ok(());
        }
        let mut head = [0; HEAD];
        let length = read_head(path.as_c_str(), &mut head);
        let Some(interpreter) = crate::program::shebang(&head[..length]) else { return Ok(()) };
        let Ok(next) = StackPath::new(interpreter) else { return Ok(()) };
        // A missing interpreter is for the kernel to refuse and for the report to explain.
        if rustix::fs::openat(CWD, next.as_c_str(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).is_err() {
            return Ok(());
        }
        path = next;
    }
    Ok(())
}

/// Opens a path, but not through a link that leads wherever the kernel says, as those below `/proc/self` do.
fn open_without_magic(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let strict = rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS);
    let Err(errno @ (Errno::LOOP | Errno::NOSYS | Errno::PERM)) = strict else { return strict };
    let file = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
    if errno == Errno::LOOP {
        return Err(crate::program::REFUSED);
    }
    // Before Linux 5.6, or a container filter that does not know openat2: the one file that matters is known.
    let own = match rustix::fs::stat(c"/proc/self/exe") {
        // Without a `/proc`, as in a mere chroot, nothing leads there.
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(file),
        own => own?,
    };
    let opened = rustix::fs::fstat(&file)?;
    match (opened.st_dev, opened.st_ino) == (own.st_dev, own.st_ino) {
        true => Err(crate::program::REFUSED),
        false => Ok(file),
    }
}

fn read_head(program: &CStr, head: &mut [u8; HEAD]) -> usize {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let Ok(file) = rustix::fs::openat(CWD, program, flags, Mode::empty()) else { return 0 };
    rustix::io::read(&file, head).unwrap_or(0)
}

//! A root without namespaces, chroot(2), and the end of all its processes without a process namespace.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::WaitOptions;

use crate::blueprint::{Blueprint, Scene};
use crate::channel::{At, Failure};
use crate::kernel;
use crate::step::Step;

/// Moves into the root. Whatever loses its parent from now on becomes this process's child.
pub(super) fn enter(blueprint: &Blueprint, scene: &mut Scene) -> Result<(), Failure> {
    kernel::adopt_orphans().at(Step::Supervise)?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let children = rustix::fs::openat(CWD, c"/proc/thread-self/children", flags, Mode::empty());
    scene.children = Some(children.at(Step::Supervise)?);
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::process::chdir(&blueprint.root).at(Step::OpenRoot)?;
    rustix::process::chroot(c".").at(Step::Root)?;
    rustix::process::chdir(c"/").at(Step::Root)?;
    super::make_working_directory(blueprint);
    Ok(())
}

/// Kills this process's children until there are none: the children of the killed come next.
pub(super) fn end_all(children: &OwnedFd) {
    loop {
        let mut list = [0; 4096];
        let length = rustix::io::pread(children, &mut list, 0).unwrap_or(0);
        // A number that the end of the buffer cuts off is read whole in the next round.
        let whole = list[..length].iter().rposition(|&byte| byte == b' ').unwrap_or(0);
        for number in list[..whole].split(|&byte| byte == b' ').filter_map(number) {
            kernel::kill(number, libc::SIGKILL);
        }
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i32, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|&digit| digit < 10)?;
        value.checked_mul(10)?.checked_add(i32::from(digit))
    })
}

//! The kernel settings and outer containers that forbid sandboxes, recognised when something was refused.

use std::fmt;
use std::fs;

use rustix::io::Errno;

use crate::step::Step;

/// Something outside of our hands that forbids a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// `kernel.unprivileged_userns_clone` is 0 (Debian's kernels).
    UserNamespacesSwitchedOff,
    /// `user.max_user_namespaces` is 0 or used up.
    UserNamespaceLimit,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu): namespaces exist but allow nothing.
    AppArmor,
    /// This process runs under a system call filter, as in a container with default settings.
    OuterFilter,
    /// This process has `no_new_privs`, so set-user-id programs such as `newuidmap` have no effect.
    NoNewPrivileges,
    /// Parts of `/proc` are covered, as in a container: the kernel then refuses a fresh one to a user namespace.
    CoveredProc,
    /// The root lies on the initial RAM file system, which cannot be pivoted away from.
    InitialRamFileSystem,
    /// The kernel has no overlay file system for user namespaces (before Linux 5.11).
    NoOverlay,
    /// Mounts below a read-only one cannot be made read-only (before Linux 5.12).
    NoRecursiveReadOnly,
}

impl Obstacle {
    /// Finds what explains that a step failed.
    pub(crate) fn find(step: Step, errno: Errno, own_users: bool) -> Option<Self> {
        let forbidden = matches!(errno, Errno::PERM | Errno::ACCESS);
        match step {
            Step::Namespaces if errno == Errno::NOSPC || errno == Errno::USERS => {
                Some(Self::UserNamespaceLimit)
            }
            Step::Namespaces if forbidden && setting("kernel/unprivileged_userns_clone") == Some(0) => {
                Some(Self::UserNamespacesSwitchedOff)
            }
            Step::Namespaces if setting("user/max_user_namespaces") == Some(0) => {
                Some(Self::UserNamespaceLimit)
            }
            Step::Mount if forbidden && own_users && proc_is_covered() => Some(Self::CoveredProc),
            Step::Overlay if matches!(errno, Errno::PERM | Errno::NODEV | Errno::INVAL) => {
                Some(Self::NoOverlay)
            }
            Step::Pivot if errno == Errno::INVAL => Some(Self::InitialRamFileSystem),
            Step::Mount if errno == Errno::NOSYS => Some(Self::NoRecursiveReadOnly),
            _ if !forbidden => None,
            _ if own_users && setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) => {
                Some(Self::AppArmor)
            }
            _ if status("Seccomp") == Some(2) => Some(Self::OuterFilter),
            Step::IdentityMap if status("NoNewPrivs") == Some(1) => Some(Self::NoNewPrivileges),
            _ => None,
        }
    }

    /// What to do about it, as an imperative.
    pub fn advice(self) -> String {
        match self {
            Self::UserNamespacesSwitchedOff => {
                "allow it as root: `sysctl -w kernel.unprivileged_userns_clone=1`, or run as root"
            }
            Self::UserNamespaceLimit => "raise it as root: `sysctl -w user.max_user_namespaces=15000`, or run as root",
            Self::AppArmor => {
                "allow it as root: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or install an AppArmor \
                 profile with `userns,` for this program, or run as root"
            }
            Self::OuterFilter => {
                "start the outer container with `--security-opt seccomp=unconfined` (and, to run as its root, \
                 `--cap-add SYS_ADMIN`), or run outside of it"
            }
            Self::NoNewPrivileges => "start the outer process without `no_new_privs`, or run as root",
            Self::CoveredProc => {
                "start the outer container with `--security-opt systempaths=unconfined`, or run outside of it"
            }
            Self::InitialRamFileSystem => "run on a machine whose root is not the initial RAM file system",
            Self::NoOverlay => "use Linux 5.11 or newer with overlayfs, or a root that has all mount points, or run as root",
            Self::NoRecursiveReadOnly => "use Linux 5.12 or newer, or mount a directory without mounts below it",
        }
        .to_owned()
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UserNamespacesSwitchedOff => "`kernel.unprivileged_userns_clone` is 0",
            Self::UserNamespaceLimit => "`user.max_user_namespaces` allows no more user namespaces",
            Self::AppArmor => "`kernel.apparmor_restrict_unprivileged_userns` is 1",
            Self::OuterFilter => "a system call filter of an outer container is in force",
            Self::NoNewPrivileges => "`no_new_privs` is set on this process",
            Self::CoveredProc => "an outer container covers parts of `/proc`",
            Self::InitialRamFileSystem => "the root is the initial RAM file system",
            Self::NoOverlay => "the kernel allows no overlay file system here",
            Self::NoRecursiveReadOnly => "the kernel cannot make a tree of mounts read-only",
        })
    }
}

fn setting(name: &str) -> Option<i64> {
    fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok()
}

/// A number in this process's status.
fn status(name: &str) -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().parse().ok()
}

/// Whether something is mounted below `/proc`.
fn proc_is_covered() -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table.lines().filter_map(|line| line.split(' ').nth(4)).any(|point| point.starts_with("/proc/"))
}

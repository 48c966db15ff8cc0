//! What a base image brings. Every fact is optional: `None` is "not known", never "not there".

use std::collections::{BTreeMap, BTreeSet};

use super::Date;

/// Facts about a base image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaseFacts {
    /// Which line of images: `python`, `distroless/python3`, `debian`, `alpine`, `chainguard/python`.
    pub family: Option<String>,
    /// Its C library.
    pub libc: Option<Libc>,
    /// The distribution its files come from.
    pub distribution: Option<Distribution>,
    /// The language it is made for.
    pub interpreter: Option<Interpreter>,
    /// Its `/bin/sh`.
    pub shell: Option<ShellFacts>,
    /// What installs operating system packages.
    pub package_manager: Option<PackageManager>,
    /// Programs that are there or not, beyond the shell and the interpreter.
    pub tools: Tools,
    /// Every user in its passwd file, with the number.
    pub users: Option<BTreeMap<String, u32>>,
    /// Every group in its group file, with the number.
    pub groups: Option<BTreeMap<String, u32>>,
    /// The user its containers run as, as configured; `Some("")` is root.
    pub user: Option<String>,
    /// Its ENTRYPOINT; `Some([])` is none.
    pub entrypoint: Option<Vec<String>>,
    /// Its CMD; `Some([])` is none.
    pub command: Option<Vec<String>>,
    /// All of its environment.
    pub environment: Option<BTreeMap<String, String>>,
    /// Its working directory.
    pub workdir: Option<String>,
    /// The day its distribution or language stops getting fixes.
    pub end_of_life: Option<Date>,
    /// The day nobody built this image any more.
    pub unmaintained_since: Option<Date>,
    /// What to take instead when it is old: a reference.
    pub successor: Option<String>,
    /// The tag leaves the distribution's release open, so that it moves to the next one some day.
    pub release_floats: Option<bool>,
    /// Docker architecture names it exists for.
    pub architectures: Option<BTreeSet<String>>,
    /// The day the facts were taken.
    pub as_of: Option<Date>,
}

/// A C library and how new it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libc {
    /// Which one.
    pub family: LibcFamily,
    /// Major and minor version; `None` when unknown or when it moves.
    pub version: Option<(u16, u16)>,
}

/// The C libraries that do not load each other's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LibcFamily {
    Glibc,
    Musl,
    /// There is none: scratch, distroless/static.
    None,
}

impl LibcFamily {
    /// The name people use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::None => "none",
        }
    }
}

/// A distribution and its release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// `ID` of os-release: `debian`, `ubuntu`, `alpine`, `rhel`, `wolfi`.
    pub id: String,
    /// `13`, `24.04`, `3.22`; `None` when unknown or rolling.
    pub version: Option<String>,
    /// `trixie`, `noble`; `None` where there is none.
    pub codename: Option<String>,
}

/// A language runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// `python`, `node`, `java`, `go`, `rust`, `ruby`, `php`.
    pub kind: String,
    /// Major version, and minor where the tag or facts fix it.
    pub version: Option<(u16, Option<u16>)>,
    /// Where the program is: `/usr/local/bin/python3.13`.
    pub path: Option<String>,
    /// Every directory it searches for packages, in order; for Python `sys.path` without the working directory.
    pub package_paths: Option<Vec<String>>,
}

/// Whether there is a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellFacts {
    /// No `/bin/sh`.
    Absent,
    /// `/bin/sh` is this.
    Present(ShellKind),
}

/// What `/bin/sh` really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the shells' own")]
pub enum ShellKind {
    Dash,
    Bash,
    Busybox,
}

/// What installs operating system packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the programs' own")]
pub enum PackageManager {
    Apt,
    Apk,
    Dnf,
    Microdnf,
    Yum,
    Zypper,
    Pacman,
    /// There is none.
    None,
}

/// Which programs are on the PATH.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tools {
    /// Known to be there.
    pub present: BTreeSet<String>,
    /// Known not to be there.
    pub absent: BTreeSet<String>,
    /// `present` is all there is.
    pub complete: bool,
}

impl Tools {
    /// Whether `program` (a name, no path) is there; `None` when not known.
    pub fn has(&self, program: &str) -> Option<bool> {
        if self.present.contains(program) {
            return Some(true);
        }
        (self.complete || self.absent.contains(program)).then_some(false)
    }
}

impl BaseFacts {
    /// `scratch`: nothing at all.
    pub fn scratch() -> Self {
        Self {
            family: Some("scratch".to_owned()),
            libc: Some(Libc { family: LibcFamily::None, version: None }),
            shell: Some(ShellFacts::Absent),
            package_manager: Some(PackageManager::None),
            tools: Tools { complete: true, ..Tools::default() },
            users: Some(BTreeMap::new()),
            groups: Some(BTreeMap::new()),
            user: Some(String::new()),
            entrypoint: Some(Vec::new()),
            command: Some(Vec::new()),
            environment: Some(BTreeMap::new()),
            workdir: Some("/".to_owned()),
            release_floats: Some(false),
            ..Self::default()
        }
    }

    /// True when its containers run as root unless told otherwise; `None` when not known.
    pub fn runs_as_root(&self) -> Option<bool> {
        let user = self.user.as_deref()?;
        let name = user.split(':').next().unwrap_or_default();
        Some(matches!(name, "" | "root" | "0"))
    }
}

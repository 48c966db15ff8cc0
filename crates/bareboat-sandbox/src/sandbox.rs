//! The description of one sandboxed process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::capability::Capabilities;
use crate::identity::Identity;
use crate::mount::Mount;

/// One process with its own view of files, processes, users and network.
///
/// Always its own mount, process, IPC and host name namespaces, a fresh `/proc` with the usual paths masked, a minimal
/// `/dev`, a read-only `/sys`, no open descriptor but the three standard streams, an own session without controlling
/// terminal, umask 022, and no environment variable that is not in [`environment`](Self::environment). Resource limits
/// and control groups are inherited and never touched.
#[derive(Debug)]
pub struct Sandbox {
    /// The directory that becomes `/`.
    pub root: PathBuf,
    /// How the root may be written to.
    pub root_mode: RootMode,
    /// The user the process runs as, as seen inside.
    pub user: User,
    /// How ids inside map to ids outside.
    pub identity: Identity,
    /// What else is mounted.
    pub mounts: Vec<Mount>,
    /// The host name inside; `None` leaves the host's.
    pub hostname: Option<String>,
    /// Which network it sees.
    pub network: Network,
    /// Ports of the host that lead to a port inside.
    pub published: Vec<Publish>,
    /// The most capabilities a process inside can ever have. Root starts with them, other users start with none.
    pub capabilities: Capabilities,
    /// Whether set-user-id programs and file capabilities have any effect.
    pub privileges: Privileges,
    /// The system call filter.
    pub seccomp: Seccomp,
    /// The whole environment, in this order.
    pub environment: Vec<(OsString, OsString)>,
    /// An absolute path inside.
    pub working_directory: PathBuf,
    /// The program, searched in the `PATH` of [`environment`](Self::environment) when it holds no slash, and its arguments.
    pub arguments: Vec<OsString>,
    /// Whether the process gets a terminal of its own, which then takes the place of all three standard streams.
    pub terminal: Terminal,
    /// Standard input.
    pub stdin: Stdio,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
}

impl Sandbox {
    /// The strictest sandbox for an application: read-only root, private `/tmp`, no capabilities, no new privileges,
    /// the default system call filter, the host's network, the caller's standard streams, empty environment.
    pub fn new(root: impl Into<PathBuf>, user: User, arguments: Vec<OsString>) -> Self {
        Self {
            root: root.into(),
            root_mode: RootMode::ReadOnly,
            user,
            identity: Identity::Automatic,
            mounts: vec![Mount::scratch("/tmp", None)],
            hostname: None,
            network: Network::Host,
            published: Vec::new(),
            capabilities: Capabilities::NONE,
            privileges: Privileges::NoNew,
            seccomp: Seccomp::Default,
            environment: Vec::new(),
            working_directory: PathBuf::from("/"),
            arguments,
            terminal: Terminal::None,
            stdin: Stdio::Inherit,
            stdout: Stdio::Inherit,
            stderr: Stdio::Inherit,
        }
    }

    /// A sandbox for building something in a root made for it: root inside, root directory writable, no network, and
    /// otherwise as strict as [`Sandbox::new`].
    pub fn for_build(root: impl Into<PathBuf>, arguments: Vec<OsString>) -> Self {
        Self {
            root_mode: RootMode::Writable,
            network: Network::None,
            ..Self::new(root, User::ROOT, arguments)
        }
    }
}

/// How the root may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootMode {
    /// Not at all.
    ReadOnly,
    /// Directly.
    Writable,
    /// Directly, as the root of a process without any namespace, chroot(2): what root may still do in a container that
    /// allows nothing else. Nothing is mounted, so there is nothing in `/proc`, `/dev` and `/sys` but what the directory
    /// holds; host name and network are the caller's, whatever this description says; no system call filter is added to
    /// the container's own. The directory must hold nothing of value: root inside can leave it.
    Chroot,
    /// Changes go to `upper`, as overlayfs records them; the root directory stays as it is. Mount points made for the
    /// run do not appear in `upper`. A missing working directory is made.
    Overlay {
        /// Directories that the root directory is laid over, topmost first.
        below: Vec<PathBuf>,
        /// An existing directory that receives the changes.
        upper: PathBuf,
        /// An existing empty directory on the same file system, for overlayfs itself.
        work: PathBuf,
    },
}

/// User, group and supplementary groups, as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
    /// The supplementary group ids.
    pub groups: Vec<u32>,
}

impl User {
    /// User and group 0.
    pub const ROOT: Self = Self { uid: 0, gid: 0, groups: Vec::new() };

    /// A user without supplementary groups.
    pub const fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, groups: Vec::new() }
    }
}

/// Which network a sandbox sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The host's, with all its interfaces and ports.
    Host,
    /// Only a loopback interface of its own.
    None,
}

/// An address of the host that leads to a TCP port inside.
///
/// With the host's network the port inside is a port of the host already; then a publication only serves to give
/// it another number or address, and one that names the same port does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The address to listen on; port 0 lets the kernel choose.
    pub host: SocketAddr,
    /// The port inside, reached over the loopback interface.
    pub port: u16,
}

/// Whether a process inside can gain privileges by executing a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// Never (`no_new_privs`).
    NoNew,
    /// Through set-user-id programs and file capabilities of the root, within
    /// [`Sandbox::capabilities`]; what builds expect of `sudo` and `su`.
    SetUserId,
}

/// The system call filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seccomp {
    /// None.
    Off,
    /// What containers usually get: see [`crate::seccomp`].
    Default,
}

/// Whether a sandbox gets a terminal of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// No: the standard streams are what they are. Programs still see the caller's terminal there, its size, and its
    /// interrupt key through [`crate::run`]; but it controls no jobs inside.
    None,
    /// Yes, as large as the one on the caller's standard input: for shells. [`crate::run`] connects the two.
    Own,
}

/// Where a standard stream leads.
#[derive(Debug)]
pub enum Stdio {
    /// Where the caller's leads; a terminal stays the same terminal.
    Inherit,
    /// Nowhere.
    Null,
    /// To a pipe, whose other end is in [`crate::Child`].
    Pipe,
    /// To this descriptor.
    Descriptor(OwnedFd),
}

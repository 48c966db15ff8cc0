//! What to execute, and what comes of it.

use std::fmt;
use std::path::PathBuf;

use bareboat_image::{Layer, Owner, TreePath};
use bareboat_sandbox::{ExitStatus, Network, User};

use super::Scene;

/// One process to run in a root made of layers. Everything is exact: nothing is added but what is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program, searched in the `PATH` of [`environment`](Self::environment) when it holds no slash, and its arguments.
    pub arguments: Vec<String>,
    /// The whole environment; of several values for one name the last counts.
    pub environment: Vec<(String, String)>,
    /// An absolute path inside; made when it is missing.
    pub working_directory: PathBuf,
    /// Who runs it, in numbers.
    pub user: User,
    /// What it sees of the network.
    pub network: Network,
    /// Further lines of `/etc/hosts`: a name and its address.
    pub hosts: Vec<(String, std::net::IpAddr)>,
    /// What is mounted over the root, in the order given. Nothing of it appears in the result.
    pub mounts: Vec<RunMount>,
    /// The host name inside.
    pub hostname: String,
}

impl Command {
    /// A command as root in `/` with the host's network, as BuildKit starts one, with the given environment.
    pub fn new(arguments: Vec<String>, environment: Vec<(String, String)>) -> Self {
        Self {
            arguments,
            environment,
            working_directory: PathBuf::from("/"),
            user: User::ROOT,
            network: Network::Host,
            hosts: Vec::new(),
            mounts: Vec::new(),
            hostname: "buildkitsandbox".to_owned(),
        }
    }
}

/// Something that a command sees besides its layers. Targets are absolute paths inside, not the root itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMount {
    /// A directory or file.
    Bind {
        /// Where it comes from.
        source: BindSource,
        /// The path inside.
        target: PathBuf,
        /// Whether it can be written to; what is written is discarded when the command has ended.
        writable: bool,
    },
    /// A directory of the store that is kept between commands.
    Cache {
        /// Which one.
        id: String,
        /// Who may use it at the same time.
        sharing: Sharing,
        /// Permission bits of a new one.
        mode: u16,
        /// Owner of a new one.
        owner: Owner,
        /// The path inside.
        target: PathBuf,
        /// Whether it can only be read.
        read_only: bool,
        /// What a new one starts with.
        from: Option<BindSource>,
    },
    /// Empty space in memory.
    Tmpfs {
        /// The path inside.
        target: PathBuf,
        /// Most bytes it may hold; the kernel's default is half of the memory.
        size: Option<u64>,
    },
    /// A file with content that must not be kept anywhere; it never touches a disk.
    Secret {
        /// What it holds.
        content: Vec<u8>,
        /// The path inside.
        target: PathBuf,
        /// Permission bits.
        mode: u16,
        /// Owner inside.
        owner: Owner,
    },
    /// A socket that leads to a key agent.
    Ssh {
        /// The agent's socket outside.
        socket: PathBuf,
        /// The path inside.
        target: PathBuf,
        /// Permission bits inside.
        mode: u16,
        /// Owner inside.
        owner: Owner,
    },
    /// A read-only file with this content, owned by root: a script, for example.
    File {
        /// What it holds.
        content: Vec<u8>,
        /// The path inside.
        target: PathBuf,
        /// Permission bits.
        mode: u16,
    },
}

impl RunMount {
    /// The path inside.
    pub fn target(&self) -> &std::path::Path {
        match self {
            Self::Bind { target, .. }
            | Self::Cache { target, .. }
            | Self::Tmpfs { target, .. }
            | Self::Secret { target, .. }
            | Self::Ssh { target, .. }
            | Self::File { target, .. } => target,
        }
    }
}

/// Where the content of a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindSource {
    /// A directory or file of the host, with the owners that it has.
    Directory(PathBuf),
    /// A path in a stack of layers, lowest first. Links in it are followed inside the layers.
    Layers {
        /// The layers.
        layers: Vec<Layer>,
        /// The directory or file in them.
        path: TreePath,
    },
}

/// Who may use a cache at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Everybody.
    #[default]
    Shared,
    /// Only one at a time; whoever comes while it is used gets another one.
    Private,
    /// Only one at a time; others wait.
    Locked,
}

/// A way to execute commands, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// T3: with CAP_SYS_ADMIN, as root is outside of containers. Mounts, and real owners.
    Root,
    /// T1: an ordinary user's namespace with subordinate ids, and an overlay in it.
    UserNamespace,
    /// T2: an ordinary user's namespace with a single id; owners are kept beside the files.
    SingleId,
    /// T4: root without namespaces, as in a default container: a private root by chroot(2).
    Chroot,
}

impl Tier {
    /// Its short name: `T1` to `T4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "T3",
            Self::UserNamespace => "T1",
            Self::SingleId => "T2",
            Self::Chroot => "T4",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Root => "namespaces as root (T3)",
            Self::UserNamespace => "user namespace with subordinate ids (T1)",
            Self::SingleId => "user namespace with a single id (T2)",
            Self::Chroot => "private root without namespaces (T4)",
        })
    }
}

/// What came of a command.
#[derive(Debug)]
pub enum Outcome {
    /// It succeeded, and changed this.
    Changed(Layer),
    /// It succeeded, and changed nothing.
    Unchanged,
    /// It failed.
    Failed(Failure),
}

/// A command that failed. What it changed stays until this is dropped, for [`super::Executor::shell`].
#[derive(Debug)]
pub struct Failure {
    /// How it ended.
    pub ended: Ended,
    pub(super) scene: Scene,
}

/// How a command ended that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code, never 0.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

impl Ended {
    /// None for success.
    pub(super) fn of(status: ExitStatus) -> Option<Self> {
        match status {
            ExitStatus::Exited(0) => None,
            ExitStatus::Exited(code) => Some(Self::Code(code)),
            ExitStatus::Signaled(signal) => Some(Self::Signal(signal)),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
        }
    }
}

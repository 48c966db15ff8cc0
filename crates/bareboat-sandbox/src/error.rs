//! What can go wrong before, while and after a sandbox starts.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use crate::identity::Identity;
use crate::step::Step;

/// Why a sandbox could not start or be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The root directory cannot be used.
    #[error("cannot use `{path}` as the root directory: {error}")]
    Root {
        /// The directory asked for.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A mount's source, or an overlay's directory, cannot be used.
    #[error("cannot mount `{path}`: {error}")]
    MountSource {
        /// The path outside.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something cannot be mounted inside.
    #[error("cannot mount `{target}` inside: {error}")]
    Mount {
        /// The path inside.
        target: PathBuf,
        /// Why.
        error: io::Error,
        /// A kernel setting or an outer container that explains it, with what to do.
        obstacle: Option<crate::Obstacle>,
    },
    /// A value that can never be right.
    #[error("`{value}` is not a valid {what}")]
    Invalid {
        /// What it should be.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// There is nothing to execute.
    #[error("no program to execute: the arguments are empty")]
    NoProgram,
    /// The way of mapping ids needs root.
    #[error("only root can run a sandbox with {identity}")]
    NotRoot {
        /// The way asked for.
        identity: Identity,
    },
    /// `newuidmap` and `newgidmap` are not installed.
    #[error("`newuidmap` and `newgidmap` are not installed")]
    NoMapPrograms,
    /// The caller has no subordinate ids.
    #[error("`{file}` gives no subordinate ids to `{user}`")]
    NoSubordinateIds {
        /// The file that would.
        file: &'static str,
        /// The caller.
        user: String,
    },
    /// An id that the process needs has no id outside.
    #[error("{kind} id {id} does not exist in a sandbox with {identity}")]
    IdNotMapped {
        /// `user` or `group`.
        kind: &'static str,
        /// The id inside.
        id: u32,
        /// How ids are mapped.
        identity: Identity,
    },
    /// The id maps could not be written.
    #[error("cannot map user and group ids ({identity}): {message}")]
    IdMap {
        /// How ids were to be mapped.
        identity: Identity,
        /// What the kernel or the map program said.
        message: String,
    },
    /// The kernel refused a step of the set-up.
    #[error("cannot {} ({identity}): {error}", .step.act())]
    SetUp {
        /// The step.
        step: Step,
        /// How ids were mapped.
        identity: Identity,
        /// Why.
        error: io::Error,
        /// A kernel setting or an outer container that explains it, with what to do.
        obstacle: Option<crate::Obstacle>,
    },
    /// The sandbox's first process died while setting up.
    #[error("the sandbox ended while it was set up")]
    Vanished,
    /// The working directory cannot be entered by the user.
    #[error("cannot change to the working directory `{path}` inside: {error}")]
    WorkingDirectory {
        /// The path inside.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No such program.
    #[error("no program `{program}` inside{}", searched(.directories))]
    ProgramNotFound {
        /// The name or path asked for.
        program: String,
        /// Where a name was searched.
        directories: Vec<PathBuf>,
    },
    /// The program exists, but what must load or interpret it does not.
    #[error("cannot execute `{program}`: its interpreter `{interpreter}` does not exist inside")]
    InterpreterNotFound {
        /// The program.
        program: PathBuf,
        /// The loader or script interpreter that it names.
        interpreter: PathBuf,
    },
    /// The program is for another processor.
    #[error("cannot execute `{program}`: it is built for {found}, this machine runs {wanted}")]
    WrongMachine {
        /// The program.
        program: PathBuf,
        /// The platform it is for.
        found: String,
        /// This machine's.
        wanted: String,
    },
    /// The program is not something that can be executed.
    #[error("cannot execute `{program}`: {reason}")]
    NotExecutable {
        /// The program.
        program: PathBuf,
        /// What it is instead, or what is missing.
        reason: &'static str,
    },
    /// Executing failed for another reason.
    #[error("cannot execute `{program}`: {error}")]
    Execute {
        /// The program.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A port of the host cannot be listened on.
    #[error("cannot listen on `{address}`: {error}")]
    Publish {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// Work on files in a namespace failed.
    #[error("{message}")]
    Helper {
        /// What it said.
        message: String,
    },
    /// Work on files in a namespace was stopped on request.
    #[error("stopped")]
    Stopped,
    /// A system call on this side failed.
    #[error("cannot {act}: {error}")]
    System {
        /// What was tried.
        act: &'static str,
        /// Why.
        error: io::Error,
    },
}

impl SandboxError {
    /// What the reader can do about it, as an imperative.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRoot { .. } => Some("run as root, or leave the choice of ids to the sandbox".to_owned()),
            Self::NoMapPrograms => {
                Some("install them: `apt-get install uidmap` (Debian, Ubuntu) or `dnf install shadow-utils`".to_owned())
            }
            Self::NoSubordinateIds { user, .. } => Some(give_ranges(user)),
            Self::IdNotMapped { .. } => {
                Some("run as the single user and group, or give the caller subordinate ids".to_owned())
            }
            Self::IdMap { identity, .. } => Some(match identity {
                Identity::Subordinate | Identity::Caller => {
                    "check that `newuidmap` has its set-user-id bit or file capability, and that `/etc/subuid` and \
                     `/etc/subgid` name a range for the caller"
                        .to_owned()
                }
                _ => "run outside of the container, or with user namespaces allowed in it".to_owned(),
            }),
            Self::SetUp { obstacle, .. } | Self::Mount { obstacle, .. } => obstacle.as_ref().map(|obstacle| obstacle.advice()),
            Self::WorkingDirectory { .. } => {
                Some("name a directory that exists in the image and that the user may enter".to_owned())
            }
            Self::InterpreterNotFound { interpreter, .. } => Some(match interpreter.to_string_lossy() {
                name if name.ends_with('\r') => {
                    "save the script with line feeds only: the carriage return became part of the name".to_owned()
                }
                name => format!("add `{name}` to the image, or build the program for what the image holds"),
            }),
            Self::WrongMachine { found, .. } => Some(format!("run it on {found}, or build for this machine")),
            Self::Publish { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                Some("choose a port from 1024 on".to_owned())
            }
            Self::Publish { error, .. } if error.kind() == io::ErrorKind::AddrInUse => {
                Some("choose another port, or stop what listens there (`ss -ltnp` shows it)".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn system(act: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System { act, error: errno.into() }
    }
}

/// The command that gives a user subordinate ids.
pub(crate) fn give_ranges(user: &str) -> String {
    format!(
        "give them as root: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}` (any free range)"
    )
}

fn searched(directories: &[PathBuf]) -> String {
    let Some((first, rest)) = directories.split_first() else { return String::new() };
    let first = first.display().to_string();
    let list = rest.iter().fold(first, |list, directory| format!("{list}:{}", directory.display()));
    format!(" in `{list}`")
}

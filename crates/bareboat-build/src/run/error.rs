//! What can go wrong around a command; a command that fails is not among it.

use std::fmt;
use std::path::PathBuf;

use bareboat_image::tar::read::TarError;
use bareboat_image::{LayerError, PartError};
use bareboat_report::Fault;
use bareboat_sandbox::SandboxError;
use bareboat_store::{Digest, StoreError};

use super::Tier;

/// A way of executing commands that does not work here.
#[derive(Debug)]
pub struct Tried {
    /// The way.
    pub tier: Tier,
    /// Why it does not work.
    pub reason: String,
    /// What to do about it, as an imperative.
    pub hint: Option<String>,
}

impl Tried {
    pub(super) fn failed(tier: Tier, error: &SandboxError) -> Self {
        Self { tier, reason: error.to_string(), hint: error.hint() }
    }

    pub(super) fn missing(tier: Tier) -> Self {
        Self { tier, reason: "this version of bareboat cannot do it".to_owned(), hint: None }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.tier, self.reason)
    }
}

/// Why a command could not be executed, or its result not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing works here.
    #[error("nothing here can execute a command: {}", list(.tried))]
    NoTier {
        /// What was tried, strongest first.
        tried: Vec<Tried>,
    },
    /// The process could not be started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The store failed, or the work was cancelled.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer below the command is damaged, hostile or not for this machine.
    #[error("cannot unpack layer {layer}: {message}")]
    Unpack {
        /// Its blob.
        layer: Digest,
        /// Why.
        message: String,
    },
    /// A mount's source on this machine cannot be used.
    #[error("cannot mount `{path}`: {error}")]
    Source {
        /// The path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Something that this way of executing commands cannot give.
    #[error("cannot execute {what} in a {tier}")]
    Impossible {
        /// The way.
        tier: Tier,
        /// What.
        what: &'static str,
    },
    /// A mount over the root itself.
    #[error("cannot mount anything over `{target}`: it is the root directory")]
    RootTarget {
        /// As it was given.
        target: PathBuf,
    },
    /// What the command changed could not be read.
    #[error("cannot read what the command changed: {0}")]
    Changes(#[from] TarError),
    /// The changes could not be packed.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The changes could not be made a layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
}

impl RunError {
    /// What the reader can do about it, as an imperative.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoTier { tried } => tried.iter().find_map(|tried| tried.hint.clone()),
            Self::Sandbox(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Part(error) => error.hint(),
            Self::Layer(error) => error.hint(),
            Self::Unpack { .. } => Some("pull or build the image again".to_owned()),
            Self::RootTarget { .. } => Some("name a directory below `/`".to_owned()),
            Self::Impossible { .. } => {
                Some("run outside of the container, or give it `--cap-add SYS_ADMIN --security-opt seccomp=unconfined`".to_owned())
            }
            Self::Source { .. } | Self::Changes(_) => None,
        }
    }

    /// Whose doing it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Sandbox(
                SandboxError::ProgramNotFound { .. }
                | SandboxError::InterpreterNotFound { .. }
                | SandboxError::WrongMachine { .. }
                | SandboxError::NotExecutable { .. }
                | SandboxError::WorkingDirectory { .. }
                | SandboxError::MountSource { .. }
                | SandboxError::Invalid { .. }
                | SandboxError::NoProgram,
            )
            | Self::Source { .. }
            | Self::RootTarget { .. } => Fault::Input,
            _ => Fault::World,
        }
    }

    /// Whether somebody asked for the end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Store(StoreError::Cancelled))
    }
}

fn list(tried: &[Tried]) -> String {
    tried.iter().map(Tried::to_string).collect::<Vec<_>>().join("; ")
}

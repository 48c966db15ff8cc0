//! What can go wrong while a Dockerfile is built, and at which line.

use bareboat_dockerfile::ExpandError;
use bareboat_dockerfile::instruction::mount::MountError;
use bareboat_dockerfile::stages::StageErrorKind;
use bareboat_image::source::SourceError;
use bareboat_image::{MergeError, PlatformError};
use bareboat_report::Fault;
use bareboat_store::StoreError;

use super::place::Place;
use crate::BuildError;
use crate::run::RunError;

/// A problem with the lines that have it.
#[derive(Debug, thiserror::Error)]
#[error("{problem}{}", shown(place))]
pub struct DockerfileError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, when it has a place.
    pub place: Option<Box<Place>>,
}

fn shown(place: &Option<Box<Place>>) -> String {
    place.as_ref().map(|place| format!("\n{place}")).unwrap_or_default()
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is no Dockerfile.
    #[error("{error}{}", and_more(*more))]
    Parse {
        /// The first error.
        error: Box<bareboat_dockerfile::ParseError>,
        /// How many follow.
        more: usize,
    },
    /// The stages do not fit together.
    #[error(transparent)]
    Stage(#[from] StageErrorKind),
    /// A word cannot be expanded.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// A mount makes no sense.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A base image cannot be had.
    #[error("{message}{}", because(causes))]
    Base {
        /// What was tried.
        message: String,
        /// Why it failed, from the outside in.
        causes: Vec<String>,
        /// What to do.
        hint: Option<String>,
        /// Whose doing it is.
        fault: Fault,
    },
    /// A platform is none.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// An instruction's words make no sense.
    #[error("{message}")]
    Words {
        /// Which and why.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A source of COPY or ADD is not there.
    #[error("`{path}` is not in {origin}")]
    NoSource {
        /// As written and expanded.
        path: String,
        /// What was searched.
        origin: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Files cannot be laid over what is there.
    #[error("cannot copy to `{path}`: {reason}")]
    Occupied {
        /// The destination.
        path: String,
        /// What is in the way.
        reason: &'static str,
    },
    /// Something that is not built yet.
    #[error("{what} is not supported yet")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A file of the context cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A base image's layers.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// A layer of ours that cannot be applied.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A command could not be executed.
    #[error(transparent)]
    Run(Box<RunError>),
    /// A command failed.
    #[error("the command failed with {ended}{}", tail(output))]
    Failed {
        /// How it ended.
        ended: String,
        /// Its last lines.
        output: String,
        /// What is known about such an end.
        hint: Option<String>,
    },
    /// Anything the engine can fail with.
    #[error(transparent)]
    Build(Box<BuildError>),
}

impl Problem {
    /// At a place.
    pub fn at(self, place: Place) -> DockerfileError {
        DockerfileError { problem: self, place: Some(Box::new(place)) }
    }

    /// Words that make no sense.
    pub(super) fn words(message: impl Into<String>) -> Self {
        Self::Words { message: message.into(), hint: None }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Base { fault, .. } => *fault,
            Self::Source(error) if matches!(**error, SourceError::Store(_) | SourceError::Io { .. }) => {
                Fault::World
            }
            Self::Read { .. } => Fault::World,
            Self::Run(error) => error.fault(),
            Self::Build(error) => error.fault(),
            _ => Fault::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Parse { error, .. } => error.hint(),
            Self::Stage(error) => error.hint(),
            Self::Expand(error) => error.hint(),
            Self::Mount(error) => error.hint(),
            Self::Base { hint, .. }
            | Self::Words { hint, .. }
            | Self::NoSource { hint, .. }
            | Self::Failed { hint, .. }
            | Self::Unsupported { hint, .. } => hint.clone(),
            Self::Source(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Build(error) => error.hint(),
            _ => None,
        }
    }
}

impl DockerfileError {
    /// Whose doing it is.
    pub fn fault(&self) -> Fault {
        self.problem.fault()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.problem.hint()
    }
}

impl From<Problem> for DockerfileError {
    fn from(problem: Problem) -> Self {
        Self { problem, place: None }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Build(Box::new(error.into()))
    }
}

impl From<StoreError> for DockerfileError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<BuildError> for Problem {
    fn from(error: BuildError) -> Self {
        Self::Build(Box::new(error))
    }
}

impl From<DockerfileError> for BuildError {
    fn from(error: DockerfileError) -> Self {
        BuildError::Dockerfile(Box::new(error))
    }
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => " (and one more error; `bareboat lint` lists them)".to_owned(),
        more => format!(" (and {more} more errors; `bareboat lint` lists them)"),
    }
}

fn because(causes: &[String]) -> String {
    causes.iter().map(|cause| format!(": {cause}")).collect()
}

/// The last lines of a command, set off by a bar.
fn tail(output: &str) -> String {
    output.lines().map(|line| format!("\n  | {line}")).collect()
}

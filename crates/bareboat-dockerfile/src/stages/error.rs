//! What is wrong with the stages of a file.

use crate::{ExpandError, Keyword, Span};

/// An error at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct StageError {
    /// The bytes to blame.
    pub span: Span,
    /// What is wrong.
    pub kind: StageErrorKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageErrorKind {
    /// The file has no FROM.
    #[error("the file has no `FROM`")]
    NoStage,
    /// Something other than ARG stands before the first FROM.
    #[error("only `ARG` can stand before the first `FROM`")]
    BeforeFrom {
        /// What stands there.
        keyword: Option<Keyword>,
    },
    /// The image's name expands to nothing.
    #[error("the image `{written}` is empty once its variables are expanded")]
    BlankBase {
        /// As written.
        written: String,
    },
    /// The platform expands to nothing.
    #[error("the platform `{written}` is empty once its variables are expanded")]
    BlankPlatform {
        /// As written.
        written: String,
    },
    /// A word cannot be expanded.
    #[error(transparent)]
    Expand(ExpandError),
    /// COPY or RUN takes files from a stage that comes later.
    #[error("stage `{name}` comes later; files can only be taken from an earlier one")]
    LaterStage {
        /// Its name or number, as written.
        name: String,
    },
    /// COPY or RUN takes files from the stage it is in.
    #[error("stage `{name}` cannot take files from itself")]
    OwnStage {
        /// Its name or number, as written.
        name: String,
    },
    /// COPY takes files from a stage by a number that is too large.
    #[error("there is no stage number {number}; this file has {count}")]
    NoSuchNumber {
        /// As written.
        number: String,
        /// How many stages there are.
        count: usize,
    },
    /// `--target` names no stage.
    #[error("no stage is called `{name}`")]
    UnknownTarget {
        /// As given.
        name: String,
        /// A stage whose name looks like it.
        suggestion: Option<String>,
    },
}

impl StageErrorKind {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoStage => "start with `FROM image`, or `FROM scratch`".to_owned(),
            Self::BeforeFrom { .. } => "move it below a `FROM`".to_owned(),
            Self::BlankBase { .. } | Self::BlankPlatform { .. } => {
                "declare the argument with a default before the first `FROM`".to_owned()
            }
            Self::Expand(error) => return error.hint(),
            Self::LaterStage { .. } => "move that stage above this one".to_owned(),
            Self::OwnStage { .. } => "copy in a `RUN`, or name another stage".to_owned(),
            Self::NoSuchNumber { .. } => "refer to the stage by its name".to_owned(),
            Self::UnknownTarget { suggestion: Some(name), .. } => format!("did you mean `{name}`?"),
            Self::UnknownTarget { .. } => "give the stage a name with `FROM … AS name`".to_owned(),
        })
    }
}

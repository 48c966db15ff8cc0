//! What is wrong with a mount.

use crate::expand::ExpandError;

/// What is wrong with a mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// The quoting of the comma-separated values is broken.
    #[error("the quotes in `--mount` do not match")]
    BrokenQuotes,
    /// `--mount=` with nothing.
    #[error("`--mount` is empty")]
    Empty,
    /// An option no mount has.
    #[error("`{key}` is not an option of `--mount`")]
    UnknownOption {
        /// As written, in lower case.
        key: String,
        /// A known one that looks like it.
        suggestion: Option<&'static str>,
    },
    /// An option without its value.
    #[error("`{key}` needs a value")]
    MissingValue {
        /// The option.
        key: String,
    },
    /// An option whose value cannot be.
    #[error("`{key}` cannot be `{value}`")]
    InvalidValue {
        /// The option.
        key: String,
        /// Its value.
        value: String,
        /// What it can be.
        allowed: &'static str,
    },
    /// An option that this kind of mount does not have.
    #[error("a mount of type `{kind}` has no option `{key}`")]
    NotForThisType {
        /// The option.
        key: &'static str,
        /// The type, when the option was read (`type` comes first).
        kind: &'static str,
    },
    /// A secret without id, source and target.
    #[error("the secret has no `id`")]
    SecretWithoutId,
    /// A secret with both id and source.
    #[error("`id` and `source` of a secret mean the same; one is enough")]
    SecretIdAndSource,
    /// A value does not expand.
    #[error(transparent)]
    Expand(#[from] ExpandError),
}

/// Every option, with the spelling preferred for suggestions.
pub(super) const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "readwrite",
    "rw",
    "id",
    "sharing",
    "required",
    "env",
    "size",
    "mode",
    "uid",
    "gid",
];

impl MountError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BrokenQuotes => {
                "write the value without quotes, or escape each of them: `--mount=\\\"source=a,b\\\"`"
                    .to_owned()
            }
            Self::Empty => "write `--mount=type=…,target=…`".to_owned(),
            Self::UnknownOption { suggestion: Some(key), .. } => format!("did you mean `{key}`?"),
            Self::UnknownOption { .. } => format!("use one of `{}`", KEYS.join("`, `")),
            Self::MissingValue { key } => format!("write `{key}=VALUE`"),
            Self::InvalidValue { allowed, .. } => format!("use {allowed}"),
            Self::NotForThisType { key, .. } => format!("remove `{key}`, or put the right `type=` before it"),
            Self::SecretWithoutId => "add `id=NAME`".to_owned(),
            Self::SecretIdAndSource => "remove `source`".to_owned(),
            Self::Expand(error) => return error.hint(),
        })
    }
}

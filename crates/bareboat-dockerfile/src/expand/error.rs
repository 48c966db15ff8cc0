//! Why a word cannot be expanded.

use super::lexer::{DEEPEST, LONGEST};

/// Why a word cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ExpandError {
    /// Byte offset in the input where the quote or reference starts.
    pub at: usize,
    /// What is wrong.
    pub kind: ExpandErrorKind,
}

/// What is wrong with a word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandErrorKind {
    /// A quote, `${` or `${name/` that is never closed.
    #[error("the closing `{wanted}` is missing")]
    Unclosed {
        /// The missing character.
        wanted: char,
    },
    /// `${}`, `${{` or `${:`.
    #[error("a name is missing after `${{`")]
    BadSubstitution,
    /// Something after the name that means nothing here.
    #[error("`{modifier}` is no operator that `${{…}}` knows")]
    UnsupportedModifier {
        /// As written.
        modifier: String,
    },
    /// A pattern with a wrong escape.
    #[error("the pattern `{pattern}` has a `\\` before something other than `*`, `?` or `\\`")]
    BadPattern {
        /// As written.
        pattern: String,
    },
    /// `${name?message}` or `${name:?message}` and no value.
    #[error("{}", required(name, message, *empty))]
    Required {
        /// The variable.
        name: String,
        /// The author's message; may be empty.
        message: String,
        /// It is set, but empty.
        empty: bool,
    },
    /// Nested deeper than 64 levels.
    #[error("`${{…}}` is nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// The result would be longer than 16 MiB.
    #[error("the expanded text is longer than {LONGEST} bytes")]
    TooLong,
}

fn required(name: &str, message: &str, empty: bool) -> String {
    let state = if empty { "empty" } else { "unset" };
    match message {
        "" => format!("`{name}` is required but {state}"),
        _ => format!("`{name}` is required but {state}: {message}"),
    }
}

impl ExpandError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match &self.kind {
            ExpandErrorKind::Unclosed { wanted: quote @ ('"' | '\'') } => {
                format!("close the quote, or write `\\{quote}` for the character itself")
            }
            ExpandErrorKind::Unclosed { wanted } => format!("add the missing `{wanted}`"),
            ExpandErrorKind::BadSubstitution => "write `\\$` for a plain dollar sign".to_owned(),
            ExpandErrorKind::UnsupportedModifier { .. } => {
                "use `:-`, `:+`, `:?`, `#`, `%` or `/`; a RUN can use everything its shell knows".to_owned()
            }
            ExpandErrorKind::BadPattern { .. } => "write `\\\\` for a backslash".to_owned(),
            ExpandErrorKind::Required { name, .. } => format!("pass `--build-arg {name}=…`"),
            ExpandErrorKind::TooDeep | ExpandErrorKind::TooLong => return None,
        })
    }
}

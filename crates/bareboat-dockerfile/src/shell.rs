//! Shell scripts, parsed for judging them, not for running them.
//!
//! Takes what a RUN hands to its shell ([`crate::instruction::Executed`]) and gives commands, words and expansions,
//! each with its range in the script, which [`Script::span`] turns into source bytes. The grammar is POSIX's with
//! what bash adds; whether the shell at hand knows an addition is for a rule to say. Works like the Dockerfile
//! parser: it never fails, every mistake is noted and parsing goes on, and the time is linear.

mod commands;
mod compound;
mod parameter;
mod reader;
mod redirections;
mod tree;
mod walk;
mod words;

use std::ops::Range;

use self::reader::Reader;
pub use self::tree::*;
pub use self::walk::{Context, Node, Place};
use crate::{Span, Text};

/// A parsed script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    text: Text,
    /// What it does.
    pub body: List,
    /// Its heredocs, in the order of their bodies; redirections refer to them by index.
    pub heredocs: Vec<ShellHeredoc>,
    /// Comments, from `#` to the end of the line.
    pub comments: Vec<Range<usize>>,
    /// What is wrong with it, by place.
    pub errors: Vec<ShellError>,
}

impl Script {
    /// Parses `text`.
    pub fn parse(text: Text) -> Self {
        let mut reader = Reader::new(text.as_str());
        let body = reader.script();
        let Reader { heredocs, comments, mut errors, .. } = reader;
        errors.sort_by_key(|error| error.range.start);
        Self { text, body, heredocs, comments, errors }
    }

    /// The script's text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The text at `range`.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.as_str().get(range).unwrap_or_default()
    }

    /// The source bytes of `range`.
    pub fn span(&self, range: Range<usize>) -> Span {
        self.text.source_span(range)
    }
}

/// A mistake in a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ShellError {
    /// The text to blame.
    pub range: Range<usize>,
    /// What is wrong.
    pub kind: ShellErrorKind,
}

/// What is wrong in a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ShellErrorKind {
    #[error("the closing `{wanted}` is missing")]
    Unclosed { wanted: &'static str },
    #[error("`{token}` is unexpected here")]
    Unexpected { token: String },
    #[error("a command is missing after `{operator}`")]
    MissingCommand { operator: &'static str },
    #[error("`{keyword}` is missing")]
    MissingKeyword { keyword: &'static str },
    #[error("a name or word is missing after `{after}`")]
    MissingWord { after: &'static str },
    #[error("the heredoc `{name}` has no lines or is never closed")]
    OpenHeredoc { name: String },
    #[error("`${{…}}` is malformed")]
    BadSubstitution,
    #[error("the script is nested deeper than {} levels; the rest is not read", reader::DEEPEST)]
    TooDeep,
}

#[cfg(test)]
mod tests;

//! Word expansion: quotes, escapes and variables, as BuildKit's own lexer does it (it is not a shell).
//!
//! `$name`, `${name}`, `${name:-word}` `-` `:+` `+` `:?` `?`, `${name#pattern}` `##` `%` `%%`,
//! `${name/pattern/text}` and `//`. Nothing is read from the environment: variables come from the caller.

mod error;
mod lexer;
mod pattern;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;

pub use self::error::{ExpandError, ExpandErrorKind};
use self::lexer::{Lexer, Lookup, Mode};
pub(crate) use self::words::{heredoc_name, raw_words};

/// The result of an expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// The expanded text, without the quotes and escapes that did their work.
    pub text: String,
    /// The text split at white space that is neither quoted nor escaped (EXPOSE takes several words from one).
    pub words: Vec<String>,
    /// Every variable asked for, by place in the input.
    pub references: Vec<Reference>,
}

/// One use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name; also `1`, `$`, `@` and the like, which BuildKit takes for names.
    pub name: String,
    /// Where in the input, from `$` to the last character.
    pub range: Range<usize>,
    /// Whether it has a value (also an empty one).
    pub defined: bool,
    /// What follows the name in `${name…}`: one of `-+?#%/`.
    pub modifier: Option<char>,
}

impl Expansion {
    /// Names that have a value, sorted.
    pub fn used(&self) -> BTreeSet<&str> {
        self.names(true)
    }

    /// Names without a value, sorted; also those with a default (`${name:-default}`).
    pub fn undefined(&self) -> BTreeSet<&str> {
        self.names(false)
    }

    fn names(&self, defined: bool) -> BTreeSet<&str> {
        let wanted = self.references.iter().filter(|reference| reference.defined == defined);
        wanted.map(|reference| reference.name.as_str()).collect()
    }
}

/// Expands `word`. `escape` is the file's escape character; `lookup` gives the variables' values.
///
/// # Errors
/// What the Dockerfile's author must change: an open quote, a malformed `${…}`, an unset `${name:?}`.
pub fn expand<'v>(
    word: &str,
    escape: char,
    lookup: impl Fn(&str) -> Option<&'v str>,
) -> Result<Expansion, ExpandError> {
    run(word, Mode { escape, ..Mode::WORD }, &lookup)
}

/// Expands the body of an unquoted COPY or ADD heredoc: quotes are ordinary characters, and the escape
/// character is always the backslash.
///
/// # Errors
/// As [`expand`].
pub fn expand_heredoc<'v>(
    body: &str,
    lookup: impl Fn(&str) -> Option<&'v str>,
) -> Result<Expansion, ExpandError> {
    run(body, Mode { plain_quotes: true, ..Mode::WORD }, &lookup)
}

fn run(word: &str, mode: Mode, lookup: Lookup<'_, '_>) -> Result<Expansion, ExpandError> {
    let mut lexer = Lexer::new(word, mode, lookup);
    let (text, words) = lexer.until(None, mode.raw_escapes)?;
    let mut references = lexer.references;
    references.sort_by_key(|reference| reference.range.start);
    Ok(Expansion { text, words: words.finish().into_iter().map(|word| word.text).collect(), references })
}

#[cfg(test)]
mod tests;

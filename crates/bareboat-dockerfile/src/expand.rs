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
use self::lexer::{LONGEST, Lexer, Lookup, Mode};
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
    run(word, Mode { escape, ..Mode::WORD }, &lookup, LONGEST).0
}

/// How much text many expansions may produce together. A file of a few lines can ask for terabytes, each line
/// doubling a variable or using a long one: who expands every word of a file that anybody may have written counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    left: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: LONGEST }
    }
}

impl Allowance {
    /// As [`expand`]; the values of variables count.
    ///
    /// # Errors
    /// As [`expand`]; also [`ExpandErrorKind::TooLong`] when the allowance is used up.
    pub fn expand<'v>(
        &mut self,
        word: &str,
        escape: char,
        lookup: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Expansion, ExpandError> {
        let limit = self.left.min(LONGEST);
        let (result, work) = run(word, Mode { escape, ..Mode::WORD }, &lookup, limit);
        self.spend(work);
        result
    }

    /// So much was produced in another way.
    pub fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
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
    run(body, Mode { plain_quotes: true, ..Mode::WORD }, &lookup, LONGEST).0
}

/// The result, and how many bytes of values were looked at for it.
fn run(
    word: &str,
    mode: Mode,
    lookup: Lookup<'_, '_>,
    limit: usize,
) -> (Result<Expansion, ExpandError>, usize) {
    let mut lexer = Lexer::new(word, mode, lookup).within(limit);
    let read = lexer.until(None, mode.raw_escapes);
    let (mut references, work) = (lexer.references, lexer.work.max(lexer.produced));
    references.sort_by_key(|reference| reference.range.start);
    let result = read.map(|(text, words)| {
        let words = words.finish().into_iter().map(|word| word.text).collect();
        Expansion { text, words, references }
    });
    (result, work)
}

#[cfg(test)]
mod tests;

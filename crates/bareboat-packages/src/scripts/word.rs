//! A shell word before expansion.

use std::collections::BTreeMap;

/// A word: what it looks like, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// As written, quotes included.
    pub raw: String,
    /// Its parts.
    pub pieces: Vec<Piece>,
    /// Some of it was quoted, so that it is a word even when empty.
    pub quoted: bool,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it stands.
    Text(String),
    /// `$name` or `${name}`, also `1`, `@`.
    Parameter(String),
    /// A command substitution, arithmetic, `${name#pattern}`: nothing this module computes.
    Unknown,
}

/// Variables and positional parameters. `None` is a value nobody knows.
pub(super) type Variables = BTreeMap<String, Option<String>>;

/// A longer value is nothing a script means: it would be a bomb (`x=$x$x`).
const LONGEST: usize = 8 << 10;

impl Word {
    /// The word's text where all of it is known. Variables never set are empty, as the shell has it.
    pub(super) fn expand(&self, variables: &Variables) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            if text.len() > LONGEST {
                return None;
            }
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Parameter(name) => {
                    if let Some(value) = variables.get(name) {
                        text.push_str(value.as_deref()?);
                    }
                }
                Piece::Unknown => return None,
            }
        }
        Some(text)
    }

    /// The text of an unquoted, constant word: how keywords are told from arguments.
    pub(super) fn bare(&self) -> Option<&str> {
        match (self.quoted, self.pieces.as_slice()) {
            (false, [Piece::Text(text)]) => Some(text),
            _ => None,
        }
    }

    /// The name in `name=value`, and the word of the value.
    pub(super) fn assignment(&self) -> Option<(String, Word)> {
        let Some(Piece::Text(first)) = self.pieces.first() else { return None };
        let (name, rest) = first.split_once('=')?;
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !starts || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        let mut pieces = vec![Piece::Text(rest.to_owned())];
        pieces.extend_from_slice(&self.pieces[1..]);
        let raw = self.raw.split_once('=').map_or("", |(_, value)| value).to_owned();
        Some((name.to_owned(), Word { raw, pieces, quoted: true }))
    }
}

//! Splitting expanded text into words, and finding the raw words of a line.

use std::ops::Range;

use super::lexer::{Lexer, Mode};

/// A word with the range of input it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawWord {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

/// Words in the making.
#[derive(Default)]
pub(super) struct Words {
    done: Vec<RawWord>,
    text: String,
    range: Option<Range<usize>>,
}

impl Words {
    /// Adds text that came from `range`; white space in it ends the word.
    pub(super) fn split(&mut self, text: &str, range: Range<usize>) {
        // Most values have no white space, and some are long.
        if is_one_word(text) {
            return self.push(text, range);
        }
        for (index, piece) in text.split(char::is_whitespace).enumerate() {
            if index > 0 && !self.text.is_empty() {
                self.end_word();
            }
            if !piece.is_empty() {
                self.extend(&range);
                self.text.push_str(piece);
            }
        }
    }

    /// Adds quoted or escaped text that came from `range`.
    pub(super) fn push(&mut self, text: &str, range: Range<usize>) {
        self.extend(&range);
        self.text.push_str(text);
    }

    fn extend(&mut self, range: &Range<usize>) {
        let start = self.range.as_ref().map_or(range.start, |own| own.start);
        self.range = Some(start..range.end);
    }

    fn end_word(&mut self) {
        let range = self.range.take().unwrap_or_default();
        self.done.push(RawWord { text: std::mem::take(&mut self.text), range });
    }

    pub(super) fn finish(mut self) -> Vec<RawWord> {
        if !self.text.is_empty() {
            self.end_word();
        }
        self.done
    }
}

fn is_one_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.is_ascii()
        && !text.is_empty()
        && memchr::memchr3(b' ', b'\t', b'\n', bytes).is_none()
        && memchr::memchr3(b'\r', 0x0b, 0x0c, bytes).is_none()
}

pub(super) fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

/// The words of `line` as written: quotes, escapes and variables stay. `None` when the line cannot be lexed;
/// BuildKit then sees no heredocs in it.
pub(crate) fn raw_words(line: &str) -> Option<Vec<RawWord>> {
    let mode = Mode { raw_quotes: true, raw_escapes: true, keep_unset: true, ..Mode::WORD };
    let (_, words) = Lexer::new(line, mode, &|_| None).until(None, true).ok()?;
    Some(words.finish())
}

/// The name of a heredoc from the text after its `<<`: the name without quotes, and whether any part was
/// quoted. `Ok(None)` when it is not one word.
///
/// # Errors
/// `Err(())` for an open quote or a malformed `${…}`.
pub(crate) fn heredoc_name(word: &str) -> Result<Option<(String, bool)>, ()> {
    let lex = |raw_quotes| {
        let mode = Mode { raw_quotes, keep_unset: true, ..Mode::WORD };
        let (_, words) = Lexer::new(word, mode, &|_| None).until(None, false).map_err(|_| ())?;
        Ok(words.finish())
    };
    let (plain, raw) = (lex(false)?, lex(true)?);
    // An escaped quote is left in both, so a difference shows a quote that did its work.
    let quotes =
        |words: &[RawWord]| words.iter().map(|word| word.text.matches(['\'', '"']).count()).sum::<usize>();
    let quoted = quotes(&plain) != quotes(&raw);
    Ok(match <[RawWord; 1]>::try_from(plain) {
        Ok([name]) if raw.len() == 1 => Some((name.text, quoted)),
        _ => None,
    })
}

//! The lexer: one pass over the word, values put in as it goes.

use super::Reference;
use super::error::{ExpandError, ExpandErrorKind};
use super::pattern::Pattern;
use super::words::{self, Words};

/// How deep `${…:-${…}}` may nest.
pub(super) const DEEPEST: usize = 64;
/// Longest result, in bytes: a few self-doubling ENV lines would otherwise fill any memory.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

pub(super) type Lookup<'l, 'v> = &'l dyn Fn(&str) -> Option<&'v str>;

/// What the lexer leaves as it is.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) escape: char,
    /// Keep quotes in the result.
    pub(super) raw_quotes: bool,
    /// Keep escape characters in the result.
    pub(super) raw_escapes: bool,
    /// Quotes are ordinary characters.
    pub(super) plain_quotes: bool,
    /// Keep the text of references that have no value.
    pub(super) keep_unset: bool,
}

impl Mode {
    pub(super) const WORD: Mode =
        Mode { escape: '\\', raw_quotes: false, raw_escapes: false, plain_quotes: false, keep_unset: false };
}

pub(super) struct Lexer<'l, 'v> {
    input: &'l str,
    at: usize,
    mode: Mode,
    lookup: Lookup<'l, 'v>,
    pub(super) references: Vec<Reference>,
    depth: usize,
    pub(super) produced: usize,
    /// Bytes of values looked at, as often as that takes.
    pub(super) work: usize,
    limit: usize,
}

impl<'l, 'v> Lexer<'l, 'v> {
    pub(super) fn new(input: &'l str, mode: Mode, lookup: Lookup<'l, 'v>) -> Self {
        Self {
            input,
            at: 0,
            mode,
            lookup,
            references: Vec::new(),
            depth: 0,
            produced: 0,
            work: 0,
            limit: LONGEST,
        }
    }

    /// With at most `limit` bytes of values in the result.
    pub(super) fn within(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    fn peek(&self) -> Option<char> {
        self.input[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads up to `stop` (which is consumed) or, without one, to the end.
    pub(super) fn until(
        &mut self,
        stop: Option<char>,
        raw_escapes: bool,
    ) -> Result<(String, Words), ExpandError> {
        let outer = std::mem::replace(&mut self.mode.raw_escapes, raw_escapes);
        let result = self.read_until(stop);
        self.mode.raw_escapes = outer;
        result
    }

    fn read_until(&mut self, stop: Option<char>) -> Result<(String, Words), ExpandError> {
        let mut text = String::new();
        let mut words = Words::default();
        while let Some(next) = self.peek() {
            let start = self.at;
            if Some(next) == stop {
                self.next();
                return Ok((text, words));
            }
            match next {
                '$' => {
                    let value = self.dollar()?;
                    text.push_str(&value);
                    words.split(&value, start..self.at);
                }
                '\'' | '"' if !self.mode.plain_quotes => {
                    let quoted = if next == '"' { self.double_quote()? } else { self.single_quote()? };
                    text.push_str(&quoted);
                    words.push(&quoted, start..self.at);
                }
                // The blanks between `<<` and a heredoc's name belong to the word.
                '<' if self.input[self.at..].starts_with("<<") => {
                    let rest = &self.input[self.at + 2..];
                    self.at = self.input.len() - rest.trim_start_matches(words::is_blank).len();
                    text.push_str(&self.input[start..self.at]);
                    words.push(&self.input[start..self.at], start..self.at);
                }
                _ if next == self.mode.escape => self.escaped(&mut text, &mut words),
                _ => {
                    self.next();
                    text.push(next);
                    words.split(&self.input[start..self.at], start..self.at);
                }
            }
        }
        match stop {
            Some(stop) => Err(self.error(ExpandErrorKind::Unclosed { wanted: stop })),
            None => Ok((text, words)),
        }
    }

    fn escaped(&mut self, text: &mut String, words: &mut Words) {
        let start = self.at;
        self.next();
        if self.mode.raw_escapes {
            text.push(self.mode.escape);
            words.push(&self.input[start..self.at], start..self.at);
        }
        let escaped = self.at;
        if let Some(next) = self.next() {
            text.push(next);
            words.push(&self.input[escaped..self.at], start..self.at);
        }
    }

    fn single_quote(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        let inside = &self.input[start + 1..];
        let Some(end) = inside.find('\'') else {
            return Err(self.error_at(start, ExpandErrorKind::Unclosed { wanted: '\'' }));
        };
        self.at = start + end + 2;
        Ok(match self.mode.raw_quotes {
            true => self.input[start..self.at].to_owned(),
            false => inside[..end].to_owned(),
        })
    }

    fn double_quote(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        let mut text = String::new();
        self.next();
        if self.mode.raw_quotes {
            text.push('"');
        }
        loop {
            match self.peek() {
                None => return Err(self.error_at(start, ExpandErrorKind::Unclosed { wanted: '"' })),
                Some('"') => break,
                Some('$') => text.push_str(&self.dollar()?),
                Some(escape) if escape == self.mode.escape => self.escaped_in_quotes(&mut text),
                Some(other) => {
                    self.next();
                    text.push(other);
                }
            }
        }
        self.next();
        if self.mode.raw_quotes {
            text.push('"');
        }
        Ok(text)
    }

    /// Inside double quotes only `"`, `$` and the escape character itself can be escaped.
    fn escaped_in_quotes(&mut self, text: &mut String) {
        let escape = self.mode.escape;
        self.next();
        if self.mode.raw_escapes {
            text.push(escape);
        }
        match self.peek() {
            None => {}
            Some(next) if next == '"' || next == '$' || next == escape => {
                self.next();
                text.push(next);
            }
            Some(_) => text.push(escape),
        }
    }

    /// A `$` and what belongs to it.
    fn dollar(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        let value = if self.peek() == Some('{') { self.braced(start)? } else { self.plain(start) };
        self.produced += value.len();
        if self.produced > self.limit || self.work > self.limit {
            return Err(self.error_at(start, ExpandErrorKind::TooLong));
        }
        Ok(value)
    }

    fn plain(&mut self, start: usize) -> String {
        let name = self.name();
        if name.is_empty() {
            return "$".to_owned();
        }
        match self.value(name, start, None) {
            None if self.mode.keep_unset => format!("${name}"),
            value => value.unwrap_or_default().to_owned(),
        }
    }

    fn braced(&mut self, start: usize) -> Result<String, ExpandError> {
        self.next();
        if matches!(self.peek(), Some('{' | '}' | ':')) {
            return Err(self.error_at(start, ExpandErrorKind::BadSubstitution));
        }
        let name = self.name();
        let after_name = self.at;
        match self.next() {
            None => Err(self.error_at(start, ExpandErrorKind::Unclosed { wanted: '}' })),
            Some('}') => Ok(match self.value(name, start, None) {
                None if self.mode.keep_unset => format!("${{{name}}}"),
                value => value.unwrap_or_default().to_owned(),
            }),
            Some('/') => self.deeper(start, |lexer| lexer.replaced(name, start)),
            Some(':') => {
                let modifier = self.next();
                self.deeper(start, |lexer| lexer.modified(name, start, after_name, modifier, true))
            }
            Some(modifier @ ('+' | '-' | '?' | '#' | '%')) => {
                self.deeper(start, |lexer| lexer.modified(name, start, after_name, Some(modifier), false))
            }
            Some(other) => Err(self.unsupported(start, other.to_string())),
        }
    }

    fn deeper<T>(
        &mut self,
        start: usize,
        act: impl FnOnce(&mut Self) -> Result<T, ExpandError>,
    ) -> Result<T, ExpandError> {
        if self.depth == DEEPEST {
            return Err(self.error_at(start, ExpandErrorKind::TooDeep));
        }
        self.depth += 1;
        let result = act(self);
        self.depth -= 1;
        result
    }

    /// `${name-word}` and its relatives, after the modifier.
    fn modified(
        &mut self,
        name: &'l str,
        start: usize,
        after_name: usize,
        modifier: Option<char>,
        empty_is_unset: bool,
    ) -> Result<String, ExpandError> {
        let written = &self.input[after_name..self.at];
        let word =
            self.closing(start, |lexer| lexer.until(Some('}'), matches!(modifier, Some('#' | '%'))))?;
        let value = self.value(name, start, modifier);
        if self.mode.keep_unset && value.is_none() {
            return Ok(format!("${{{name}{written}{word}}}"));
        }
        let present = value.filter(|value| !(empty_is_unset && value.is_empty()));
        match modifier {
            Some('-') => Ok(present.map_or(word, str::to_owned)),
            Some('+') => Ok(present.map_or_else(String::new, |_| word)),
            Some('?') => match present {
                Some(value) => Ok(value.to_owned()),
                None => {
                    let (name, message, empty) = (name.to_owned(), word, value.is_some());
                    Err(self.error_at(start, ExpandErrorKind::Required { name, message, empty }))
                }
            },
            Some(end @ ('#' | '%')) => self.trimmed(start, value.unwrap_or_default(), end, &word),
            _ => Err(self.unsupported(start, written.to_owned())),
        }
    }

    /// `${name#pattern}`, `##`, `%` and `%%`.
    fn trimmed(&mut self, start: usize, value: &str, end: char, word: &str) -> Result<String, ExpandError> {
        let (pattern, longest) = word.strip_prefix(end).map_or((word, false), |rest| (rest, true));
        let pattern = self.pattern(start, pattern, value)?;
        let kept = match end {
            '#' => pattern.prefix_length(value, longest).map_or(value, |length| &value[length..]),
            _ => pattern.suffix_start(value, longest).map_or(value, |from| &value[..from]),
        };
        Ok(kept.to_owned())
    }

    /// `${name/pattern/text}` and `//`, after the first slash.
    fn replaced(&mut self, name: &'l str, start: usize) -> Result<String, ExpandError> {
        let every = self.peek() == Some('/');
        self.at += usize::from(every);
        let written = &self.input[self.at..];
        let pattern = self.closing(start, |lexer| lexer.until(Some('/'), true))?;
        let text = self.closing(start, |lexer| lexer.until(Some('}'), true))?;
        let value = self.value(name, start, Some('/'));
        if self.mode.keep_unset && value.is_none() {
            let length = written.len() - (self.input.len() - self.at);
            let slashes = if every { "//" } else { "/" };
            return Ok(format!("${{{name}{slashes}{}", &written[..length]));
        }
        let value = value.unwrap_or_default();
        let pattern = self.pattern(start, &pattern, value)?;
        let result =
            if every { pattern.replace_all(value, &text, LONGEST) } else { pattern.replace(value, &text) };
        Ok(result)
    }

    /// The pattern `text`, to be matched with `value`: that takes their product in time.
    fn pattern(&mut self, start: usize, text: &str, value: &str) -> Result<Pattern, ExpandError> {
        let time = value.len().saturating_mul(text.len() + 1);
        self.work = self.work.saturating_add(time);
        if time > LONGEST || self.work > self.limit {
            return Err(self.error_at(start, ExpandErrorKind::TooLong));
        }
        let pattern = text.to_owned();
        Pattern::parse(text).ok_or_else(|| self.error_at(start, ExpandErrorKind::BadPattern { pattern }))
    }

    /// The text read by `read`; a missing end is blamed on the `${` at `start`.
    fn closing(
        &mut self,
        start: usize,
        read: impl FnOnce(&mut Self) -> Result<(String, Words), ExpandError>,
    ) -> Result<String, ExpandError> {
        match read(self) {
            Ok((text, _)) => Ok(text),
            Err(ExpandError { kind: ExpandErrorKind::Unclosed { wanted: wanted @ ('/' | '}') }, .. }) => {
                Err(self.error_at(start, ExpandErrorKind::Unclosed { wanted }))
            }
            Err(error) => Err(error),
        }
    }

    fn value(&mut self, name: &str, start: usize, modifier: Option<char>) -> Option<&'v str> {
        let value = (self.lookup)(name);
        self.work += value.map_or(0, str::len);
        // Too much is an error as soon as the reference ends; nothing is copied before.
        let value = value.filter(|_| self.work <= self.limit);
        let (name, range) = (name.to_owned(), start..self.at);
        self.references.push(Reference { name, range, defined: value.is_some(), modifier });
        value
    }

    /// A variable's name: letters, digits and `_`; or digits alone; or one special parameter.
    fn name(&mut self) -> &'l str {
        let rest = &self.input[self.at..];
        let is_digit = |char: char| char.is_numeric();
        let end = match rest.chars().next() {
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            Some(first) if is_digit(first) => rest.find(|char| !is_digit(char)).unwrap_or(rest.len()),
            _ => rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len()),
        };
        self.at += end;
        &rest[..end]
    }

    fn unsupported(&self, start: usize, modifier: String) -> ExpandError {
        self.error_at(start, ExpandErrorKind::UnsupportedModifier { modifier })
    }

    fn error(&self, kind: ExpandErrorKind) -> ExpandError {
        self.error_at(self.at, kind)
    }

    fn error_at(&self, at: usize, kind: ExpandErrorKind) -> ExpandError {
        ExpandError { at, kind }
    }
}

//! Words: quotes, escapes, expansions.

use std::ops::Range;

use super::reader::Reader;
use super::{List, Part, ShellErrorKind, Word};

/// A literal part, or none for an empty range.
pub(super) fn literal(text: &str, range: Range<usize>, escaped: bool) -> Vec<Part> {
    let slice = text.get(range.clone()).unwrap_or_default();
    match slice {
        "" => Vec::new(),
        _ => vec![Part::Literal { text: slice.to_owned(), escaped, range }],
    }
}

/// True for bytes that end a word outside quotes.
pub(super) fn is_metacharacter(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

impl Reader<'_> {
    /// The word at the cursor; `None` when something else is there.
    pub(super) fn word(&mut self) -> Option<Word> {
        // Most words have one part.
        let mut parts = Vec::with_capacity(1);
        while let Some(byte) = self.peek() {
            match byte {
                b'<' | b'>' if self.peek_at(1) == Some(b'(') => {
                    parts.push(self.process_substitution(byte == b'>'));
                }
                b'(' if is_array_start(&parts) => parts.push(self.array()),
                b'(' if is_pattern_start(&parts) => {
                    let range = self.balanced();
                    push_literal(&mut parts, self.text, range, false);
                }
                b'\r' if self.peek_at(1) == Some(b'\n') => break,
                _ if is_metacharacter(byte) => break,
                _ => self.part(&mut parts, false),
            }
        }
        // A line continued right after the word is not part of it.
        let range = parts.first()?.range().start..parts.last()?.range().end;
        Some(Word { parts, range })
    }

    /// The next part outside double quotes. In the argument of `${…}` (`braced`) only the end is special.
    pub(super) fn part(&mut self, parts: &mut Vec<Part>, braced: bool) {
        let start = self.at;
        match self.peek() {
            Some(b'\\') => self.escape(parts),
            Some(b'\'') => {
                let (text, range) = self.single_quoted(start + 1);
                parts.push(Part::SingleQuoted { text, ansi: false, range });
            }
            Some(b'"') => {
                self.at += 1;
                parts.push(self.double_quoted(start));
            }
            Some(b'`') => parts.push(self.backquoted()),
            Some(b'$') => match self.peek_at(1) {
                Some(b'\'') => parts.push(self.ansi_quoted()),
                Some(b'"') => {
                    self.at += 2;
                    parts.push(self.double_quoted(start));
                }
                _ => self.dollar(parts, false),
            },
            Some(_) => {
                let special = |byte: u8| matches!(byte, b'\\' | b'\'' | b'"' | b'`' | b'$' | b'\r' | b'}');
                let rest = self.rest().as_bytes();
                let length = rest[1..]
                    .iter()
                    .position(|byte| special(*byte) || !braced && (is_metacharacter(*byte) || *byte == b'}'));
                self.at += length.map_or(rest.len(), |length| length + 1);
                push_literal(parts, self.text, start..self.at, false);
            }
            None => {}
        }
    }

    fn escape(&mut self, parts: &mut Vec<Part>) {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            None => push_literal(parts, self.text, start..self.at, false),
            // A continued line: nothing at all.
            Some(b'\n') => self.at += 1,
            Some(b'\r') if self.peek_at(1) == Some(b'\n') => self.at += 2,
            Some(_) => {
                let text_start = self.at;
                self.skip_char();
                let text = self.text[text_start..self.at].to_owned();
                parts.push(Part::Literal { text, escaped: true, range: start..self.at });
            }
        }
    }

    /// Text up to the next `'`, from `from` (just after the opening one).
    fn single_quoted(&mut self, from: usize) -> (String, Range<usize>) {
        let start = self.at;
        self.at = from;
        let length = self.rest().find('\'');
        if length.is_none() {
            self.error(start..from, ShellErrorKind::Unclosed { wanted: "'" });
        }
        let text_end = length.map_or(self.end, |length| from + length);
        self.at = length.map_or(self.end, |length| from + length + 1);
        (self.text[from..text_end].to_owned(), start..self.at)
    }

    /// `$'…'`
    fn ansi_quoted(&mut self) -> Part {
        let start = self.at;
        self.at += 2;
        let mut text = String::new();
        loop {
            let plain = self.rest().find(['\\', '\'']).unwrap_or(self.rest().len());
            text.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'\\') => {
                    self.at += 1;
                    let escaped = self.rest().chars().next();
                    self.skip_char();
                    match escaped {
                        Some('n') => text.push('\n'),
                        Some('t') => text.push('\t'),
                        Some(plain @ ('\\' | '\'' | '"' | '?')) => text.push(plain),
                        // Numbers and rare names stay as written: no rule needs their value.
                        Some(other) => text.extend(['\\', other]),
                        None => {}
                    }
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => {
                    self.error(start..start + 2, ShellErrorKind::Unclosed { wanted: "'" });
                    break;
                }
            }
        }
        Part::SingleQuoted { text, ansi: true, range: start..self.at }
    }

    /// A double-quoted part that starts at `start`; the cursor stands after the opening quote.
    fn double_quoted(&mut self, start: usize) -> Part {
        let opening = start..self.at;
        let parts = self.deeper(|reader| reader.quoted_parts(Some(b'"'))).unwrap_or_default();
        if !self.eat("\"") {
            self.error(opening, ShellErrorKind::Unclosed { wanted: "\"" });
        }
        Part::DoubleQuoted { parts, range: start..self.at }
    }

    /// What stands between double quotes, or in a heredoc, up to `stop` or the end.
    pub(super) fn quoted_parts(&mut self, stop: Option<u8>) -> Vec<Part> {
        let mut parts = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| Some(*byte) != stop) {
            self.quoted_part(byte, &mut parts, stop);
        }
        parts
    }

    /// One part between double quotes, at `byte`.
    pub(super) fn quoted_part(&mut self, byte: u8, parts: &mut Vec<Part>, stop: Option<u8>) {
        let start = self.at;
        match byte {
            b'\\' => match self.peek_at(1) {
                Some(b'$' | b'`' | b'\\' | b'\n') => self.escape(parts),
                Some(next) if Some(next) == stop || next == b'"' && stop.is_some() => self.escape(parts),
                _ => {
                    self.at += 1;
                    push_literal(parts, self.text, start..self.at, false);
                }
            },
            b'`' => parts.push(self.backquoted()),
            b'$' => self.dollar(parts, true),
            _ => {
                let special = |byte: &u8| matches!(byte, b'\\' | b'`' | b'$' | b'"' | b'}');
                let rest = self.rest().as_bytes();
                self.at += rest[1..].iter().position(special).map_or(rest.len(), |length| length + 1);
                push_literal(parts, self.text, start..self.at, false);
            }
        }
    }

    /// A `$` and what belongs to it.
    fn dollar(&mut self, parts: &mut Vec<Part>, quoted: bool) {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') => {
                let part = self.arithmetic().unwrap_or_else(|| self.command_substitution());
                parts.push(part);
            }
            Some(b'(') => {
                let part = self.command_substitution();
                parts.push(part);
            }
            Some(b'{') => {
                let parameter = self.braced_parameter(quoted);
                parts.push(Part::Parameter(Box::new(parameter)));
            }
            _ => match self.plain_parameter() {
                Some(parameter) => parts.push(Part::Parameter(Box::new(parameter))),
                None => {
                    self.at += 1;
                    push_literal(parts, self.text, start..self.at, false);
                }
            },
        }
    }

    fn command_substitution(&mut self) -> Part {
        let start = self.at;
        self.at += 2;
        let body = self.parenthesised(start);
        Part::Command { body, backquoted: false, range: start..self.at }
    }

    fn process_substitution(&mut self, output: bool) -> Part {
        let start = self.at;
        self.at += 2;
        let body = self.parenthesised(start);
        Part::Process { body, output, range: start..self.at }
    }

    /// Commands up to the `)` that closes what opened at `start`.
    pub(super) fn parenthesised(&mut self, start: usize) -> List {
        let opening = start..self.at;
        let body = self.deeper(Self::list).unwrap_or_default();
        if !self.eat(")") {
            self.error(opening, ShellErrorKind::Unclosed { wanted: ")" });
        }
        body
    }

    /// `$((…))`; `None` when the parentheses turn out to be those of `$( (…) )`.
    fn arithmetic(&mut self) -> Option<Part> {
        let start = self.at;
        let inside = self.arithmetic_inside(start + 3)?;
        Some(Part::Arithmetic { inside, range: start..self.at })
    }

    /// The range from `from` to the matching `))`, consumed; `None` (and nothing consumed) when the parentheses
    /// close one by one. An open one reaches to the end.
    pub(super) fn arithmetic_inside(&mut self, from: usize) -> Option<Range<usize>> {
        let bytes = &self.text.as_bytes()[..self.end];
        let (mut open, mut at) = (0usize, from);
        while at < bytes.len() {
            match bytes[at] {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' if bytes.get(at + 1) == Some(&b')') => {
                    self.at = at + 2;
                    return Some(from..at);
                }
                b')' => return None,
                b'\\' => at += 1,
                quote @ (b'"' | b'\'') => {
                    let escapes = quote == b'"' || bytes[at - 1] == b'$';
                    at = after_quoted(bytes, at + 1, quote, escapes) - 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.error(from - 2..from, ShellErrorKind::Unclosed { wanted: "))" });
        self.at = self.end;
        Some(from..self.end)
    }

    /// Backquotes: up to the next one without a backslash. Escaped ones inside stay escaped characters.
    fn backquoted(&mut self) -> Part {
        let start = self.at;
        self.at += 1;
        let bytes = self.rest().as_bytes();
        let mut length = 0;
        while length < bytes.len() && bytes[length] != b'`' {
            length += if bytes[length] == b'\\' { 2 } else { 1 };
        }
        let closed = length < bytes.len();
        let mut end = (self.at + length).min(self.end);
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        if !closed {
            self.error(start..start + 1, ShellErrorKind::Unclosed { wanted: "`" });
        }
        // Heredocs announced before the backquotes start after the line, not inside.
        let pending = std::mem::take(&mut self.pending);
        let body = self.deeper(|reader| reader.within(end, Self::script)).unwrap_or_default();
        self.pending = pending;
        self.at += usize::from(closed && self.peek() == Some(b'`'));
        Part::Command { body, backquoted: true, range: start..self.at }
    }

    /// `(…)` after `name=`.
    fn array(&mut self) -> Part {
        let start = self.at;
        self.at += 1;
        let mut words = Vec::new();
        loop {
            self.line_breaks();
            if self.peek() == Some(b')') || self.is_at_end() {
                break;
            }
            match self.deeper(Self::word).flatten() {
                Some(word) => words.push(word),
                None if self.is_at_end() => break,
                None => {
                    self.unexpected(self.at..self.at + 1);
                    self.skip_char();
                }
            }
        }
        if !self.eat(")") {
            self.error(start..start + 1, ShellErrorKind::Unclosed { wanted: ")" });
        }
        Part::Array { words, range: start..self.at }
    }

    /// Parentheses of a pattern such as `!(a|b)`, with all they contain.
    fn balanced(&mut self) -> Range<usize> {
        let start = self.at;
        let mut open = 0usize;
        for (at, byte) in self.rest().bytes().enumerate() {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at = start + at + 1;
                return start..self.at;
            }
        }
        self.error(start..start + 1, ShellErrorKind::Unclosed { wanted: ")" });
        self.at = self.end;
        start..self.at
    }
}

/// Where what is quoted from `at` on ends: after the closing `quote`, or at the end of `bytes`.
fn after_quoted(bytes: &[u8], mut at: usize, quote: u8, escapes: bool) -> usize {
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' && escapes { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// Appends literal text; joins it to the text before.
pub(super) fn push_literal(parts: &mut Vec<Part>, source: &str, piece: Range<usize>, escape: bool) {
    let slice = source.get(piece.clone()).unwrap_or_default();
    if let Some(Part::Literal { text, escaped: false, range }) = parts.last_mut()
        && range.end == piece.start
        && !escape
    {
        text.push_str(slice);
        range.end = piece.end;
        return;
    }
    parts.extend(literal(source, piece, escape));
}

/// True when the word so far is `name=` or `name+=`.
fn is_array_start(parts: &[Part]) -> bool {
    let [Part::Literal { text, escaped: false, .. }] = parts else { return false };
    text.strip_suffix('=').is_some_and(|name| is_name(name.strip_suffix('+').unwrap_or(name)))
}

/// True when the word so far ends with a character that opens an extended pattern.
fn is_pattern_start(parts: &[Part]) -> bool {
    matches!(parts.last(), Some(Part::Literal { text, escaped: false, .. }) if text.ends_with(['?', '*', '+', '@', '!']))
}

/// True for a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

//! The cursor: characters, blanks, comments, line ends (where heredoc bodies are), and errors.

use std::ops::Range;

use super::{ShellError, ShellErrorKind, ShellHeredoc};

/// How deep commands and expansions may nest.
pub(super) const DEEPEST: usize = 100;
/// Errors kept per script.
const MOST_ERRORS: usize = 100;

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Nothing from here on is read; less than the text's length inside backquotes and heredocs.
    pub(super) end: usize,
    pub(super) heredocs: Vec<ShellHeredoc>,
    /// Heredocs whose bodies start at the next line end.
    pub(super) pending: Vec<usize>,
    pub(super) comments: Vec<Range<usize>>,
    pub(super) errors: Vec<ShellError>,
    depth: usize,
    /// Too deep: nothing further is read, or wrong.
    gave_up: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            end: text.len(),
            heredocs: Vec::new(),
            pending: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            depth: 0,
            gave_up: false,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        (at < self.end).then(|| self.text.as_bytes().get(at).copied()).flatten()
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, wanted: &str) -> bool {
        self.rest().as_bytes().starts_with(wanted.as_bytes())
    }

    /// Consumes `wanted` if it is next.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// Skips the next character, whatever it is.
    pub(super) fn skip_char(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    pub(super) fn error(&mut self, range: Range<usize>, kind: ShellErrorKind) {
        if self.errors.len() < MOST_ERRORS && !self.gave_up {
            self.errors.push(ShellError { range, kind });
        }
    }

    pub(super) fn unexpected(&mut self, range: Range<usize>) {
        let token = self.text.get(range.clone()).unwrap_or_default().to_owned();
        self.error(range, ShellErrorKind::Unexpected { token });
    }

    /// Runs `read` one level deeper; `None`, and the end of everything, beyond the deepest one.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == DEEPEST {
            self.error(self.at..self.at, ShellErrorKind::TooDeep);
            self.gave_up = true;
            self.at = self.text.len();
            self.end = self.text.len();
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        Some(result)
    }

    /// Runs `read` with `end` as the end of the text; afterwards the cursor stands there.
    pub(super) fn within<T>(&mut self, end: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.end, end);
        let result = read(self);
        if !self.gave_up {
            self.end = outer;
            self.at = end;
        }
        result
    }

    /// Skips blanks, continued lines and a comment; stays on the line.
    pub(super) fn blanks(&mut self) {
        loop {
            match (self.peek(), self.peek_at(1)) {
                (Some(b' ' | b'\t'), _) => self.at += 1,
                (Some(b'\r'), Some(b'\n') | None) => self.at += 1,
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                (Some(b'\\'), Some(b'\r')) if self.peek_at(2) == Some(b'\n') => self.at += 3,
                (Some(b'#'), _) => {
                    let length = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.comments.push(self.at..self.at + length);
                    self.at += length;
                }
                _ => return,
            }
        }
    }

    /// Skips blanks, comments and line ends.
    pub(super) fn line_breaks(&mut self) {
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.at += 1;
            self.heredoc_bodies();
            self.blanks();
        }
    }

    /// Reads the bodies announced on the line that just ended.
    fn heredoc_bodies(&mut self) {
        for index in std::mem::take(&mut self.pending) {
            let start = self.at;
            let heredoc = &self.heredocs[index];
            let mut body = start..self.end;
            let mut next = None;
            let mut at = start;
            for line in self.rest().split_inclusive('\n') {
                let text = line.trim_end_matches(['\n', '\r']);
                let text = if heredoc.strip_tabs { text.trim_start_matches('\t') } else { text };
                if text == heredoc.name {
                    body.end = at;
                    next = Some(at + line.len());
                    break;
                }
                at += line.len();
            }
            if next.is_none() {
                let name = heredoc.name.clone();
                self.error(start..start, ShellErrorKind::OpenHeredoc { name });
            }
            self.heredoc_body(index, body);
            self.at = next.unwrap_or(self.end);
        }
    }

    fn heredoc_body(&mut self, index: usize, body: Range<usize>) {
        let quoted = self.heredocs[index].quoted;
        let parts = match quoted {
            true => super::words::literal(self.text, body.clone(), false),
            false => {
                self.at = body.start;
                self.within(body.end, |reader| reader.quoted_parts(None))
            }
        };
        self.heredocs[index].parts = parts;
        self.heredocs[index].body = body;
    }

    /// Heredocs announced on a last line that has no end.
    pub(super) fn heredocs_without_lines(&mut self) {
        for index in std::mem::take(&mut self.pending) {
            let heredoc = &mut self.heredocs[index];
            heredoc.body = self.end..self.end;
            let name = heredoc.name.clone();
            self.error(self.end..self.end, ShellErrorKind::OpenHeredoc { name });
        }
    }
}

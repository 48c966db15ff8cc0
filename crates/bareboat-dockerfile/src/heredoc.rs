//! Heredocs: finding `<<NAME` in an instruction, and the lines that belong to it.

use std::ops::Range;

use crate::expand::{heredoc_name, raw_words};
use crate::{Span, Text, Word};

/// A heredoc of a RUN, COPY or ADD (or of an ONBUILD that triggers one).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The `<<NAME` as written, with descriptor, dash and quotes.
    pub word: Word,
    /// The name without quotes: the line that closes it, and the file's name in COPY and ADD.
    pub name: String,
    /// The number before `<<`; 0 without one.
    pub descriptor: u32,
    /// Variables in the body are expanded: no part of the name was quoted.
    pub expand: bool,
    /// `<<-`: tabs at the start of every line, and before the closing name, do not count.
    pub strip_tabs: bool,
    /// The lines of the body with their line ends.
    pub body: Span,
    /// The closing line; empty when the heredoc is never closed.
    pub end: Span,
}

impl Heredoc {
    /// The body as it reaches the file or the shell: tabs stripped where asked for, each byte with its origin.
    pub fn text(&self, source: &[u8]) -> Text {
        let mut at = self.body.start;
        let mut text = Text::starting_at(at);
        if !self.strip_tabs {
            text.push_source(source, self.body);
            return text;
        }
        for line in self.body.of(source).split_inclusive(|&byte| byte == b'\n') {
            let end = at + line.len();
            let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
            text.push_source(source, Span::new(at + tabs, end));
            at = end;
        }
        text
    }

    /// The interpreter line's bytes when the body starts with `#!`.
    pub fn shebang(&self, source: &[u8]) -> Option<Span> {
        let body = self.body.of(source);
        let line = body.split(|&byte| byte == b'\n').next().filter(|line| line.starts_with(b"#!"))?;
        Some(Span::new(self.body.start, self.body.start + line.len()))
    }

    /// True when a closing line was found.
    pub fn is_closed(&self) -> bool {
        !self.end.is_empty()
    }

    /// True when `line` (without line end) closes this heredoc.
    pub(crate) fn closes(&self, line: &[u8]) -> bool {
        let tabs = if self.strip_tabs { line.iter().take_while(|byte| **byte == b'\t').count() } else { 0 };
        &line[tabs..] == self.name.as_bytes()
    }
}

/// The heredocs that the line `text` announces, without bodies; or the word whose name has an open quote.
pub(crate) fn find(text: &Text) -> Result<Vec<Heredoc>, Word> {
    if !text.as_str().contains("<<") {
        return Ok(Vec::new());
    }
    let mut heredocs = Vec::new();
    for word in raw_words(text.as_str()).unwrap_or_default() {
        match parse_word(&word.text) {
            Ok(Some(heredoc)) => heredocs.push(Heredoc { word: raw(text, word.range), ..heredoc }),
            Ok(None) => {}
            Err(BrokenName) => return Err(raw(text, word.range)),
        }
    }
    Ok(heredocs)
}

fn raw(text: &Text, range: Range<usize>) -> Word {
    text.word(range)
}

/// A quote in the name is never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrokenName;

/// Reads one word as `[descriptor]<<[-]name`; `None` when it is something else.
pub(crate) fn parse_word(word: &str) -> Result<Option<Heredoc>, BrokenName> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let Some((name, quoted)) = heredoc_name(rest).map_err(|()| BrokenName)? else { return Ok(None) };
    Ok(Some(Heredoc {
        word: Word { text: String::new(), span: Span::default(), range: 0..0 },
        name,
        descriptor: word[..digits].parse().unwrap_or(0),
        expand: !quoted,
        strip_tabs,
        body: Span::default(),
        end: Span::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_heredoc_words() {
        let name = |word| parse_word(word).unwrap().map(|heredoc| heredoc.name);
        for word in [
            "<<EOF",
            "<<'EOF'",
            "<<\"EOF\"",
            "<<-EOF",
            "<<-'EOF'",
            "<<EO\"F\"",
            "<< EOF",
            "<<- EOF",
            "3<<EOF",
        ] {
            assert_eq!(name(word).as_deref(), Some("EOF"), "{word}");
        }
        for word in ["", "EOF", "<<", "<<-", "<EOF", "<<<EOF", "<<EOF sh", "x<<EOF", "\"<<EOF\"", "''<<EOF"] {
            assert_eq!(name(word), None, "{word}");
        }
        for word in ["<<'EOF", "<<\"EOF", "<<EOF'", "<<EOF\""] {
            assert_eq!(parse_word(word), Err(BrokenName), "{word}");
        }
        let heredoc = parse_word("12<<-'a b'").unwrap().unwrap();
        assert_eq!((heredoc.descriptor, heredoc.expand, heredoc.strip_tabs), (12, false, true));
    }
}

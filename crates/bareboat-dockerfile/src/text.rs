//! Text that knows which source bytes it came from.
//!
//! The text of an instruction is its lines joined without continuation marks, comments and blank lines, so
//! an offset in it says little about the file. [`Text`] keeps the way back: runs of text with the source
//! bytes each stands for. Bytes that are not UTF-8 become U+FFFD in the text; the map still counts the bytes.

use std::fmt;
use std::ops::Range;

use crate::Span;

/// Text with its origin.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text {
    text: String,
    /// Ordered by `at`; none is empty.
    runs: Vec<Run>,
    /// Where the text is when it is empty.
    origin: usize,
}

/// Some text and the source bytes it stands for. Where both have the same length they correspond byte by
/// byte; otherwise the run is one replacement character for bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    at: usize,
    source: Span,
}

/// A piece of an instruction with its place: a word, a flag's value, a JSON string, a whole argument.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    /// The text. Quotes, escapes and variables are as written, except where the owner says otherwise.
    pub text: String,
    /// The source bytes, from first to last, quotes included.
    pub span: Span,
    /// The range in the instruction's joined text; see [`Word::locate`].
    pub range: Range<usize>,
}

impl Text {
    /// No text yet; as long as that is so it is said to be at `origin`.
    pub(crate) fn starting_at(origin: usize) -> Self {
        Self { origin, ..Self::default() }
    }

    /// Appends the bytes of `source` at `span`.
    pub fn push_source(&mut self, source: &[u8], span: Span) {
        let mut at = span.start;
        for chunk in span.of(source).utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            self.push_run(valid, Span::new(at, at + valid.len()));
            at += valid.len();
            if !invalid.is_empty() {
                self.push_run("\u{fffd}", Span::new(at, at + invalid.len()));
                at += invalid.len();
            }
        }
    }

    /// Appends the part of `other` at `range`.
    pub fn push(&mut self, other: &Text, range: Range<usize>) {
        let first = other.run_index(range.start);
        for (index, run) in other.runs.iter().enumerate().skip(first) {
            let run_end = other.runs.get(index + 1).map_or(other.text.len(), |next| next.at);
            let (start, end) = (range.start.max(run.at), range.end.min(run_end));
            if start >= end {
                break;
            }
            let whole_bytes = run_end - run.at == run.source.len();
            let source = match whole_bytes {
                true => Span::new(run.source.start + start - run.at, run.source.start + end - run.at),
                false => run.source,
            };
            self.push_run(&other.text[start..end], source);
        }
    }

    /// Appends text that is not in the source; it is said to be at `at`.
    pub(crate) fn push_synthetic(&mut self, text: &str, at: usize) {
        self.push_run(text, Span::at(at));
    }

    fn push_run(&mut self, text: &str, source: Span) {
        if text.is_empty() {
            return;
        }
        let at = self.text.len();
        let same_length = text.len() == source.len();
        self.text.push_str(text);
        if let Some(last) = self.runs.last_mut() {
            let byte_by_byte = last.source.len() == at - last.at;
            if same_length && byte_by_byte && last.source.end == source.start {
                last.source.end = source.end;
                return;
            }
        }
        self.runs.push(Run { at, source });
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Length in bytes of the text (not of the source).
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// True without text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The source offset of the byte at `at` in the text; for the end of the text, the end of its source.
    pub fn source_offset(&self, at: usize) -> usize {
        let Some(run) = self.runs.get(self.run_index(at)) else { return self.origin };
        run.source.end.min(run.source.start + at.saturating_sub(run.at))
    }

    /// The source bytes from the first to the last byte of `range`; trailing continuation marks and comments
    /// do not count. An empty range is the place where its start is.
    pub fn source_span(&self, range: Range<usize>) -> Span {
        let start = self.source_offset(range.start);
        if range.is_empty() {
            return Span::at(start);
        }
        // The end of the last byte: at a seam, the start of the next byte can be many lines further.
        let Some(run) = self.runs.get(self.run_index(range.end - 1)) else { return Span::at(start) };
        let end = run.source.end.min(run.source.start + range.end - run.at);
        Span::new(start, end.max(start))
    }

    /// The source bytes of the whole text.
    pub fn span(&self) -> Span {
        self.source_span(0..self.text.len())
    }

    /// The part at `range`, with its own map.
    pub fn slice(&self, range: Range<usize>) -> Text {
        let mut slice = Text::starting_at(self.source_offset(range.start));
        slice.push(self, range);
        slice
    }

    /// The part at `range` as a word.
    pub fn word(&self, range: Range<usize>) -> Word {
        Word { text: self.text[range.clone()].to_owned(), span: self.source_span(range.clone()), range }
    }

    fn run_index(&self, at: usize) -> usize {
        self.runs.partition_point(|run| run.at <= at).saturating_sub(1)
    }
}

impl Word {
    /// The source bytes of `range` in this word's text. `text` is the joined text of the instruction the word
    /// belongs to. The whole word where its text is not as written (unescaped, decoded from JSON).
    pub fn locate(&self, text: &Text, range: Range<usize>) -> Span {
        match self.is_verbatim(text) && range.end <= self.text.len() {
            true => text.source_span(self.range.start + range.start..self.range.start + range.end),
            false => self.span,
        }
    }

    /// True when the word's text is as written, so that its offsets mean places.
    pub(crate) fn is_verbatim(&self, text: &Text) -> bool {
        text.as_str().get(self.range.clone()) == Some(&self.text)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} @ {:?}", self.text, self.span())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} @ {:?}", self.text, self.span)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = b"RUN a\\\n# c\n  b\xff\xfe c";

    fn text() -> Text {
        let mut text = Text::default();
        text.push_source(SOURCE, Span::new(0, 5));
        text.push_source(SOURCE, Span::new(11, 18));
        text
    }

    #[test]
    fn finds_the_way_back_across_seams_and_odd_bytes() {
        let text = text();
        assert_eq!(text.as_str(), "RUN a  b\u{fffd}\u{fffd} c");
        assert_eq!(text.source_span(4..5), Span::new(4, 5), "ends before the continuation mark");
        assert_eq!(text.source_offset(5), 11);
        assert_eq!(text.source_span(7..8).of(SOURCE), b"b");
        assert_eq!(text.source_span(8..11).of(SOURCE), b"\xff");
        assert_eq!(text.source_span(11..14).of(SOURCE), b"\xfe");
        assert_eq!(text.source_span(15..16).of(SOURCE), b"c");
        assert_eq!(text.span(), Span::new(0, 18));
    }

    #[test]
    fn slices_keep_the_map() {
        let text = text();
        let slice = text.slice(4..16);
        assert_eq!(slice.as_str(), "a  b\u{fffd}\u{fffd} c");
        assert_eq!(slice.source_span(3..4).of(SOURCE), b"b");
        assert_eq!(slice.source_span(11..12).of(SOURCE), b"c");
        assert_eq!(slice.slice(3..4).span().of(SOURCE), b"b");
    }

    #[test]
    fn words_locate_their_parts() {
        let text = text();
        let word = text.word(4..8);
        assert_eq!(word.locate(&text, 3..4).of(SOURCE), b"b");
        let changed = Word { text: "x".into(), ..word };
        assert_eq!(changed.locate(&text, 0..1), changed.span);
    }
}

//! A text as it stands in a file, with escapes and indentation, and which byte of the one is which of the other.

use std::ops::Range;

use super::Syntax;

/// A text and how it is written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    text: String,
    /// From the text outwards to the file: the first layer's source is the second one's text.
    layers: Vec<Vec<Segment>>,
    /// The bytes of all of it.
    whole: Range<usize>,
    /// How to write another text there.
    block: Option<Block>,
    syntax: Syntax,
    /// Stretches of the text that only the environment knows.
    unknown: Vec<Range<usize>>,
}

/// A stretch of the text and the stretch it comes from. Of equal length when it is copied, otherwise an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) text: usize,
    pub(super) text_length: usize,
    pub(super) source: usize,
    pub(super) source_length: usize,
}

/// Lines that are indented and otherwise as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    indent: String,
    line_end: &'static str,
    /// The bytes of its lines.
    lines: Range<usize>,
}

/// Writes a text piece by piece with its segments.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

impl Writer {
    /// `piece` comes from the bytes of `source`.
    pub(super) fn push(&mut self, piece: &str, source: Range<usize>) {
        self.segments.push(Segment {
            text: self.text.len(),
            text_length: piece.len(),
            source: source.start,
            source_length: source.len(),
        });
        self.text.push_str(piece);
    }
}

impl Scalar {
    /// A text whose bytes cannot be told apart: everything is about all of it.
    pub(super) fn opaque(text: &str, whole: Range<usize>, syntax: Syntax) -> Self {
        Self { text: text.to_owned(), layers: Vec::new(), whole, block: None, syntax, unknown: Vec::new() }
    }

    /// A text with what each piece of it comes from.
    pub(super) fn quoted(written: Writer, whole: Range<usize>, syntax: Syntax) -> Self {
        let layers = vec![written.segments];
        Self { text: written.text, layers, whole, block: None, syntax, unknown: Vec::new() }
    }

    /// Lines of `file`, the first one beginning at `start`, that are `text` when their indentation is taken away;
    /// `None` when they are something else.
    pub(super) fn block(file: &str, start: usize, text: &str, syntax: Syntax) -> Option<Self> {
        let wanted: Vec<&str> = text.lines().collect();
        let lines = file.get(start..)?.split_inclusive('\n');
        let lines: Vec<&str> = lines.take(wanted.len()).collect();
        let first = wanted.iter().position(|line| !line.trim().is_empty())?;
        let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let indent = blanks(lines.get(first)?).checked_sub(blanks(wanted[first]))?;
        let indent = &lines[first][..indent];
        let mut writer = Writer::default();
        let mut at = start;
        for (line, wanted) in lines.iter().zip(&wanted) {
            let content = line.trim_end_matches(['\n', '\r']);
            let skipped = if content.starts_with(indent) { indent.len() } else { content.len() };
            if &content[skipped..] != *wanted {
                return None;
            }
            writer.push(wanted, at + skipped..at + content.len());
            if line.ends_with('\n') {
                writer.push("\n", at + content.len()..at + line.len());
            }
            at += line.len();
        }
        writer.text.truncate(text.len());
        if writer.text != text {
            return None;
        }
        let line_end = if lines[0].ends_with("\r\n") { "\r\n" } else { "\n" };
        let block = Block { indent: indent.to_owned(), line_end, lines: start..at };
        Some(Self { block: Some(block), ..Self::quoted(writer, start..at, syntax) })
    }

    /// The text after variables are replaced, and what of it nobody knows.
    pub(super) fn interpolated(self, written: Writer, unknown: Vec<Range<usize>>, rewritable: bool) -> Self {
        let mut layers = vec![written.segments];
        // Without a way from the text to the file there is none from what is made of it.
        match self.layers.is_empty() {
            true => layers.clear(),
            false => layers.extend(self.layers),
        }
        let block = self.block.filter(|_| rewritable);
        Self { text: written.text, layers, whole: self.whole, block, syntax: self.syntax, unknown }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// True when a stretch of the text is about something that only the environment knows.
    pub(super) fn is_unknown(&self, range: &Range<usize>) -> bool {
        let touches = |unknown: &Range<usize>| {
            range.start < unknown.end && unknown.start < range.end.max(range.start + 1)
        };
        self.unknown.iter().any(touches)
    }

    /// The bytes of the file that a stretch of the text is from.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        if self.layers.is_empty() {
            return self.whole.clone();
        }
        let start = self.source(range.start);
        match range.is_empty() {
            true => start..start,
            false => start..self.source_end(range.end).max(start),
        }
    }

    /// A change of the text as a change of the file.
    pub(super) fn edit(&self, range: &Range<usize>, replacement: &str) -> Option<(Range<usize>, String)> {
        let block = self.block.as_ref()?;
        let replacement = self.syntax.escape(replacement);
        let replacement = replacement.replace('\n', &format!("{}{}", block.line_end, block.indent));
        Some((self.source(range.start)..self.source(range.end), replacement))
    }

    /// The bytes of the file, and what to write there for the whole text to be `fixed`.
    pub(super) fn rewrite(&self, fixed: &str) -> Option<(Range<usize>, String)> {
        let block = self.block.as_ref()?;
        let mut lines = String::new();
        for line in self.syntax.escape(fixed).lines() {
            if !line.is_empty() {
                lines.push_str(&block.indent);
                lines.push_str(line);
            }
            lines.push_str(block.line_end);
        }
        Some((block.lines.clone(), lines))
    }

    fn source(&self, at: usize) -> usize {
        self.layers.iter().fold(at, |at, segments| {
            let index = segments.partition_point(|segment| segment.text <= at).saturating_sub(1);
            let Some(segment) = segments.get(index) else { return self.whole.start };
            let within = at.saturating_sub(segment.text);
            match segment.text_length == segment.source_length {
                true => segment.source + within.min(segment.source_length),
                false if within >= segment.text_length => segment.source + segment.source_length,
                false => segment.source,
            }
        })
    }

    /// As [`Self::source`] for the end of a stretch: the end of what its last byte is from.
    fn source_end(&self, end: usize) -> usize {
        self.layers.iter().fold(end, |end, segments| {
            let index = segments.partition_point(|segment| segment.text < end).saturating_sub(1);
            let Some(segment) = segments.get(index) else { return self.whole.end };
            let within = end.saturating_sub(segment.text);
            match segment.text_length == segment.source_length {
                true => segment.source + within.min(segment.source_length),
                false => segment.source + segment.source_length,
            }
        })
    }
}

/// The text between double quotes at `range` of `file`, with JSON's escapes, which YAML and HCL share; `None` when it
/// has others.
pub(super) fn double_quoted(file: &str, range: Range<usize>) -> Option<Writer> {
    let inner = range.start + 1..range.end.checked_sub(1)?;
    let source = file.get(inner.clone())?;
    let mut writer = Writer::default();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = source[at..].find('\\') {
        let escape = at + found;
        let (value, length) = unescape(&source[escape..])?;
        if copied < escape {
            writer.push(&source[copied..escape], inner.start + copied..inner.start + escape);
        }
        at = escape + length;
        writer.push(value.encode_utf8(&mut [0; 4]), inner.start + escape..inner.start + at);
        copied = at;
    }
    writer.push(&source[copied..], inner.start + copied..inner.end);
    Some(writer)
}

/// The character an escape at the start of `text` stands for, and how long the escape is.
fn unescape(text: &str) -> Option<(char, usize)> {
    let simple = |char| Some((char, 2));
    match text.as_bytes().get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        byte @ (b'"' | b'\\' | b'/') => simple(char::from(*byte)),
        b'u' => {
            let unit = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
            let first = unit(2)?;
            if let Some(char) = char::from_u32(first) {
                return Some((char, 6));
            }
            let second = text.get(6..8).filter(|start| *start == "\\u").and_then(|_| unit(8))?;
            let value = 0x10000 + (first.checked_sub(0xd800)? << 10) + second.checked_sub(0xdc00)?;
            Some((char::from_u32(value)?, 12))
        }
        _ => None,
    }
}

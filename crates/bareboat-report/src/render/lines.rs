//! Where the lines of a file are, for renderers that show its text or count in lines and columns.

use std::ops::Range;

use crate::Place;

/// The longest excerpt, in lines.
const MOST_LINES: usize = 6;
/// The longest line shown, in bytes.
const LONGEST_LINE: usize = 4096;

/// Where the lines of a file start. A byte order mark is in no line.
pub(crate) struct Lines<'a> {
    source: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        let mut starts = vec![if source.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }];
        let ends = source.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        starts.extend(ends.map(|(at, _)| at + 1));
        Self { source, starts }
    }

    /// The first lines of a place, and the bytes to mark in them.
    pub(crate) fn excerpt(&self, place: &Place) -> (String, Range<usize>) {
        let first = place.line.saturating_sub(1).min(self.starts.len() - 1);
        let last = place.end_line.clamp(first + 1, first + MOST_LINES);
        let (mut text, mut marked) = (String::new(), Range::default());
        for line in first..last.min(self.starts.len()) {
            let (start, bytes) = self.line(line);
            let length = |to: usize| {
                let inside = to.saturating_sub(start).min(bytes.len());
                String::from_utf8_lossy(&bytes[..inside]).len()
            };
            if line == first {
                marked.start = length(place.range.start);
            }
            marked.end = text.len() + length(place.range.end);
            text.push_str(&String::from_utf8_lossy(bytes));
            text.push('\n');
        }
        text.pop();
        marked.end = marked.end.max(marked.start);
        (text, marked)
    }

    /// The stretch from byte to byte, with lines and columns as [`Place`] counts them.
    pub(crate) fn place(&self, range: Range<usize>) -> Place {
        let ((line, column), (end_line, end_column)) = (self.position(range.start), self.position(range.end));
        Place { range, line, column, end_line, end_column }
    }

    /// The whole lines a place is on.
    pub(crate) fn text(&self, place: &Place) -> &'a [u8] {
        let first = place.line.saturating_sub(1).min(self.starts.len() - 1);
        let last = place.end_line.max(first + 1).min(self.starts.len()) - 1;
        let start = self.starts[first];
        let end = self.starts.get(last + 1).copied().unwrap_or(self.source.len());
        &self.source[start..end.max(start)]
    }

    /// Where a line starts, and its bytes without line end.
    fn line(&self, index: usize) -> (usize, &'a [u8]) {
        let start = self.starts[index];
        let end = self.starts.get(index + 1).map_or(self.source.len(), |next| next - 1);
        let bytes = &self.source[start..end];
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        (start, &bytes[..bytes.len().min(LONGEST_LINE)])
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.source.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts[line].min(offset);
        let before = self.source[start..offset].utf8_chunks();
        let characters: usize =
            before.map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum();
        (line + 1, characters + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_gives_whole_lines() {
        let lines = Lines::new("\u{feff}é\r\nab\nc".as_bytes());
        let place = lines.place(3..9);
        assert_eq!((place.line, place.column, place.end_line, place.end_column), (1, 1, 2, 3));
        assert_eq!(lines.text(&place), "é\r\nab\n".as_bytes());
        assert_eq!(lines.text(&lines.place(10..11)), b"c");
        assert_eq!(Lines::new(b"").text(&Place::default()), b"");
    }
}

//! Byte offsets to lines and columns and back.

/// A place for people: both numbers count from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1. A byte that is not UTF-8 counts as a character.
    pub column: usize,
}

/// A place as the language server protocol counts: both from 0, columns in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf16Position {
    /// Line, from 0.
    pub line: usize,
    /// UTF-16 code unit in the line, from 0.
    pub character: usize,
}

/// Where each line of a file starts. Lines end with `\n`; a `\r` before it belongs to the line end. A byte order
/// mark at the start of the file is in no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex<'a> {
    source: &'a [u8],
    starts: Vec<usize>,
    /// Places inside long lines to count from, so that many findings in one long line cost no square of its length.
    marks: Vec<Mark>,
}

/// How far into its line the byte at `at` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    at: usize,
    characters: usize,
    utf16: usize,
}

/// Bytes between two marks, at least.
const MARK_DISTANCE: usize = 1024;

impl<'a> LineIndex<'a> {
    /// Indexes `source`.
    pub fn new(source: &'a [u8]) -> Self {
        let mut starts = vec![if source.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }];
        starts.extend(memchr::memchr_iter(b'\n', source).map(|at| at + 1));
        let marks = marks(source, &starts);
        Self { source, starts, marks }
    }

    /// Number of lines; text after the last `\n` is a line even when it is empty.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The text of line `line` (from 1) without its line end; empty for a line that does not exist.
    pub fn line(&self, line: usize) -> &'a [u8] {
        let Some(&start) = line.checked_sub(1).and_then(|index| self.starts.get(index)) else { return b"" };
        let end = self.starts.get(line).map_or(self.source.len(), |next| next - 1);
        let text = &self.source[start..end];
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// The position of the byte at `offset`; beyond the end, that of the end.
    pub fn position(&self, offset: usize) -> Position {
        let (line, mark, before) = self.before(offset);
        Position { line: line + 1, column: mark.characters + units(before, |_| 1) + 1 }
    }

    /// The position of the byte at `offset` for the language server protocol.
    pub fn utf16(&self, offset: usize) -> Utf16Position {
        let (line, mark, before) = self.before(offset);
        Utf16Position { line, character: mark.utf16 + units(before, char::len_utf16) }
    }

    /// The byte offset of a position; columns beyond the line's end are its end, lines beyond the file's end
    /// are the file's end.
    pub fn offset(&self, position: Position) -> usize {
        self.find(position.line.saturating_sub(1), position.column.saturating_sub(1), |_| 1)
    }

    /// The byte offset of a language server position; as [`LineIndex::offset`].
    pub fn offset_utf16(&self, position: Utf16Position) -> usize {
        self.find(position.line, position.character, char::len_utf16)
    }

    /// The line of `offset` (from 0), the last mark before it in the line, and the bytes between the two.
    fn before(&self, offset: usize) -> (usize, Mark, &'a [u8]) {
        let offset = offset.min(self.source.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = Mark { at: self.starts[line], characters: 0, utf16: 0 };
        let marks = self.marks.partition_point(|mark| mark.at <= offset);
        let last = marks.checked_sub(1).and_then(|index| self.marks.get(index));
        let mark = last.copied().filter(|mark| mark.at >= start.at).unwrap_or(start);
        (line, mark, &self.source[mark.at..offset.max(mark.at)])
    }

    fn find(&self, line: usize, mut wanted: usize, width: impl Fn(char) -> usize) -> usize {
        let Some(start) = self.starts.get(line) else { return self.source.len() };
        let mut offset = *start;
        for chunk in self.line(line + 1).utf8_chunks() {
            let valid = chunk.valid().chars().map(|char| (width(char), char.len_utf8()));
            for (units, bytes) in valid.chain(chunk.invalid().iter().map(|_| (1, 1))) {
                if wanted < units {
                    return offset;
                }
                wanted -= units;
                offset += bytes;
            }
        }
        offset
    }
}

/// The marks of lines that are longer than the distance between two.
fn marks(source: &[u8], starts: &[usize]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(source.len());
        if end.saturating_sub(*start) <= MARK_DISTANCE {
            continue;
        }
        let mut mark = Mark { at: *start, characters: 0, utf16: 0 };
        while end - mark.at > MARK_DISTANCE {
            let mut next = mark.at + MARK_DISTANCE;
            // A character must not be cut; what is no character may be.
            let last = next + 3;
            while next < last && next < end && source[next] & 0xc0 == 0x80 {
                next += 1;
            }
            let between = &source[mark.at..next];
            mark = Mark {
                at: next,
                characters: mark.characters + units(between, |_| 1),
                utf16: mark.utf16 + units(between, char::len_utf16),
            };
            marks.push(mark);
        }
    }
    marks
}

fn units(bytes: &[u8], width: impl Fn(char) -> usize) -> usize {
    bytes
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().map(&width).sum::<usize>() + chunk.invalid().len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = "a\r\nx\u{1f600}y\n\n\u{e9}z".as_bytes();

    #[test]
    fn counts_characters_and_utf16_units() {
        let index = LineIndex::new(SOURCE);
        assert_eq!(index.lines(), 4);
        assert_eq!(index.line(1), b"a");
        let y = SOURCE.iter().position(|byte| *byte == b'y').unwrap();
        assert_eq!(index.position(y), Position { line: 2, column: 3 });
        assert_eq!(index.utf16(y), Utf16Position { line: 1, character: 3 });
        assert_eq!(index.position(9999), Position { line: 4, column: 3 });
    }

    #[test]
    fn goes_back_and_forth_for_every_character() {
        let index = LineIndex::new(SOURCE);
        let text = std::str::from_utf8(SOURCE).unwrap();
        for (at, char) in text.char_indices().filter(|(_, char)| !"\r\n".contains(*char)) {
            assert_eq!(index.offset(index.position(at)), at, "{char:?}");
            assert_eq!(index.offset_utf16(index.utf16(at)), at, "{char:?}");
        }
        assert_eq!(index.offset(Position { line: 1, column: 99 }), 1);
        assert_eq!(index.offset(Position { line: 99, column: 1 }), SOURCE.len());
    }

    #[test]
    fn long_lines_count_the_same() {
        // Characters of every length, also where the marks are.
        let text = "a\u{e9}\u{20ac}\u{1f600}".repeat(700) + "\nb";
        let index = LineIndex::new(text.as_bytes());
        let (mut column, mut character) = (1, 0);
        for (at, char) in text.char_indices().take_while(|(_, char)| *char != '\n') {
            assert_eq!(index.position(at), Position { line: 1, column });
            assert_eq!(index.utf16(at), Utf16Position { line: 0, character });
            (column, character) = (column + 1, character + char.len_utf16());
        }
        assert_eq!(index.position(text.len()).line, 2);
        let odd = vec![0xff; 5000];
        assert_eq!(LineIndex::new(&odd).position(4500).column, 4501);
    }

    #[test]
    fn a_byte_order_mark_is_in_no_column() {
        let index = LineIndex::new(b"\xef\xbb\xbfab");
        assert_eq!(index.position(4), Position { line: 1, column: 2 });
        assert_eq!(index.position(1), Position { line: 1, column: 1 });
        assert_eq!(index.offset(Position { line: 1, column: 1 }), 3);
    }

    #[test]
    fn bytes_outside_utf8_count_as_characters() {
        let index = LineIndex::new(b"\xff\xfeab");
        assert_eq!(index.position(3), Position { line: 1, column: 4 });
        assert_eq!(index.offset(Position { line: 1, column: 4 }), 3);
    }
}

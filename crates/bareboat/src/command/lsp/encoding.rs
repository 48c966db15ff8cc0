//! Positions as editors count them, and bytes.

use bareboat_dockerfile::{LineIndex, Position, Utf16Position};
use lsp_types::{InitializeParams, PositionEncodingKind, Range};

/// What columns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every editor knows.
    Utf16,
}

impl Encoding {
    /// UTF-8 when the editor offers it: it needs no counting.
    pub fn agreed(parameters: &InitializeParams) -> Self {
        let general = parameters.capabilities.general.as_ref();
        let offered = general.and_then(|general| general.position_encodings.as_deref()).unwrap_or_default();
        if offered.contains(&PositionEncodingKind::UTF8) { Self::Utf8 } else { Self::Utf16 }
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    /// The position of the byte at `offset`.
    pub fn position(self, lines: &LineIndex<'_>, offset: usize) -> lsp_types::Position {
        let Utf16Position { line, character } = lines.utf16(offset);
        let column = match self {
            Self::Utf16 => character,
            Self::Utf8 => offset.saturating_sub(start(lines, line)),
        };
        lsp_types::Position::new(short(line), short(column))
    }

    /// The range of some bytes.
    pub fn range(self, lines: &LineIndex<'_>, range: std::ops::Range<usize>) -> Range {
        Range::new(self.position(lines, range.start), self.position(lines, range.end))
    }

    /// The byte at a position; beyond a line its end, beyond the file the file's end, inside a character its start.
    pub fn offset(self, lines: &LineIndex<'_>, position: lsp_types::Position) -> usize {
        let (line, column) = (position.line as usize, position.character as usize);
        match self {
            Self::Utf16 => lines.offset_utf16(Utf16Position { line, character: column }),
            Self::Utf8 => {
                let text = lines.line(line + 1);
                let mut column = column.min(text.len());
                while column < text.len() && text[column] & 0xc0 == 0x80 && column > 0 {
                    column -= 1;
                }
                start(lines, line) + column
            }
        }
    }
}

/// Where line `line` (from 0) starts.
fn start(lines: &LineIndex<'_>, line: usize) -> usize {
    lines.offset(Position { line: line + 1, column: 1 })
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_come_back_to_the_same_byte() {
        let source = "RUN é😀x\r\n\nUSER 1".as_bytes();
        let lines = LineIndex::new(source);
        let x = source.iter().position(|byte| *byte == b'x').unwrap();
        for (encoding, character) in [(Encoding::Utf8, 10), (Encoding::Utf16, 7)] {
            let position = encoding.position(&lines, x);
            assert_eq!(position, lsp_types::Position::new(0, character));
            assert_eq!(encoding.offset(&lines, position), x);
            assert_eq!(encoding.offset(&lines, lsp_types::Position::new(0, 99)), x + 1);
            assert_eq!(encoding.offset(&lines, lsp_types::Position::new(9, 0)), source.len());
        }
        // In the middle of `é`.
        assert_eq!(Encoding::Utf8.offset(&lines, lsp_types::Position::new(0, 5)), 4);
    }
}

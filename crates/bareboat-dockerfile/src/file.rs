//! A whole Dockerfile: its items, which together hold every byte.

use crate::directive::{Directive, DirectiveName};
use crate::error::ParseError;
use crate::instruction::Instruction;
use crate::piece::PieceKind;
use crate::{LineIndex, Span, parse};

/// A parsed Dockerfile. The spans of its items lie end to end and cover the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    pub(crate) source: Vec<u8>,
    pub(crate) items: Vec<Item>,
    pub(crate) escape: char,
}

/// A stretch of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The UTF-8 byte order mark at the start.
    ByteOrderMark(Span),
    /// One or more blank lines.
    Blank(Span),
    /// A comment line outside instructions.
    Comment(Span),
    /// A directive.
    Directive(Box<Directive>),
    /// An instruction, understood or not.
    Instruction(Box<Instruction>),
    /// Everything, in a file that is too large to look at.
    Skipped(Span),
}

/// What parsing gives: always a file, and what is wrong with it, by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The file.
    pub file: Dockerfile,
    /// Everything that BuildKit would refuse while parsing, and a bit more; see [`ParseError::deferred`].
    pub errors: Vec<ParseError>,
}

/// A comment, outside instructions or between their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'a> {
    /// The whole line with its line end.
    pub span: Span,
    /// What follows the `#`, without white space around it.
    pub text: &'a [u8],
    /// It stands between the lines of an instruction.
    pub inside_instruction: bool,
}

impl Dockerfile {
    /// Parses a Dockerfile or a fragment of one. Never fails: see [`Parsed::errors`].
    pub fn parse(source: impl Into<Vec<u8>>) -> Parsed {
        parse::parse(source.into())
    }

    /// The file's bytes.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The file's items, first to last.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The escape character: `\` or a backtick.
    pub fn escape(&self) -> char {
        self.escape
    }

    /// The instructions, first to last.
    pub fn instructions(&self) -> impl DoubleEndedIterator<Item = &Instruction> {
        self.items.iter().filter_map(|item| match item {
            Item::Instruction(instruction) => Some(instruction.as_ref()),
            _ => None,
        })
    }

    /// The directives, first to last.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.items.iter().filter_map(|item| match item {
            Item::Directive(directive) => Some(directive.as_ref()),
            _ => None,
        })
    }

    /// The directive called `name`.
    pub fn directive(&self, name: DirectiveName) -> Option<&Directive> {
        self.directives().find(|directive| directive.name == name)
    }

    /// Every comment in the order of the file; directives and heredoc lines are none.
    pub fn comments(&self) -> impl Iterator<Item = Comment<'_>> {
        self.items.iter().flat_map(|item| {
            let own = match item {
                Item::Comment(span) => Some(*span),
                _ => None,
            };
            let pieces = match item {
                Item::Instruction(instruction) => instruction.pieces.as_slice(),
                _ => &[],
            };
            let inner =
                pieces.iter().filter(|piece| piece.kind == PieceKind::Comment).map(|piece| piece.span);
            let own = own.into_iter().map(|span| self.comment(span, false));
            own.chain(inner.map(|span| self.comment(span, true)))
        })
    }

    fn comment(&self, span: Span, inside_instruction: bool) -> Comment<'_> {
        let line = crate::scan::trim_start(span.of(&self.source));
        let text = line.strip_prefix(b"#").unwrap_or(line).trim_ascii();
        Comment { span, text, inside_instruction }
    }

    /// Where lines start, to turn offsets into positions.
    pub fn line_index(&self) -> LineIndex<'_> {
        LineIndex::new(&self.source)
    }

    /// The file put together again from the smallest pieces its items know; the same bytes as the source.
    pub fn print(&self) -> Vec<u8> {
        let mut printed = Vec::with_capacity(self.source.len());
        for item in &self.items {
            match item {
                Item::Instruction(instruction) => {
                    let pieces = instruction.pieces.iter();
                    pieces.for_each(|piece| printed.extend_from_slice(piece.span.of(&self.source)));
                }
                other => printed.extend_from_slice(other.span().of(&self.source)),
            }
        }
        printed
    }
}

impl Item {
    /// The item's bytes.
    pub fn span(&self) -> Span {
        match self {
            Self::ByteOrderMark(span) | Self::Blank(span) | Self::Comment(span) | Self::Skipped(span) => {
                *span
            }
            Self::Directive(directive) => directive.span,
            Self::Instruction(instruction) => instruction.span,
        }
    }
}

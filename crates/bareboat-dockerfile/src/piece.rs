//! The pieces an instruction's bytes fall into. Their spans lie end to end.

use crate::Span;

/// A stretch of an instruction's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its bytes.
    pub span: Span,
}

/// What a stretch of an instruction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PieceKind {
    /// White space before the keyword.
    Indent,
    /// Text of the instruction; all of it together, without the rest, is what BuildKit reads.
    Code,
    /// The escape character at the end of a line, blanks after it, and the line end.
    Continuation,
    /// A whole comment line between continued lines.
    Comment,
    /// A whole blank line between continued lines.
    Blank,
    /// White space and line end after the last line of text.
    LineEnd,
    /// The lines of a heredoc.
    HeredocBody,
    /// The line that closes a heredoc.
    HeredocEnd,
}

//! Dockerfile text to spans to instructions; word expansion; `.dockerignore`. No I/O at all.
//!
//! [`Dockerfile::parse`] never fails: it gives a file whose items hold every byte, and the errors. What
//! BuildKit accepts, it accepts; what BuildKit makes of it is the meaning given here.

pub mod arguments;
pub mod directive;
mod duration;
pub mod edit;
mod error;
pub mod expand;
mod file;
mod glob;
pub mod heredoc;
pub mod ignore;
pub mod instruction;
mod json;
mod keyword;
mod parse;
mod piece;
mod position;
mod scan;
pub mod shell;
mod span;
mod split;
pub mod stages;
mod suggest;
mod text;

pub use directive::{Directive, DirectiveName};
pub use edit::{Edit, Edits};
pub use error::{ErrorKind, ParseError};
pub use expand::{Allowance, ExpandError, Expansion, expand, expand_heredoc};
pub use file::{Comment, Dockerfile, Item, Parsed};
pub use glob::{Glob, GlobError};
pub use heredoc::Heredoc;
pub use ignore::{Ignore, IgnoreError};
pub use instruction::{Command, Instruction, Kind};
pub use keyword::Keyword;
pub use parse::LARGEST_FILE;
pub use piece::{Piece, PieceKind};
pub use position::{LineIndex, Position, Utf16Position};
pub use span::Span;
pub use split::Flag;
pub use stages::{Stage, Stages};
pub use suggest::suggest;
pub use text::{Text, Word};

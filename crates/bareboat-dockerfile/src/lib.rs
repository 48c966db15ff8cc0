//! Dockerfile text to spans to instructions; word expansion; `.dockerignore`. No I/O at all.

pub mod expand;
mod glob;
pub mod ignore;
mod keyword;
mod position;
mod span;
mod suggest;
mod text;

pub use expand::{ExpandError, Expansion, expand, expand_heredoc};
pub use glob::{Glob, GlobError};
pub use ignore::{Ignore, IgnoreError};
pub use keyword::Keyword;
pub use position::{LineIndex, Position, Utf16Position};
pub use span::Span;
pub use suggest::suggest;
pub use text::{Text, Word};

//! Dockerfile text to spans to instructions; word expansion; `.dockerignore`. No I/O at all.

mod glob;
pub mod ignore;

pub use glob::{Glob, GlobError};
pub use ignore::{Ignore, IgnoreError};

//! The application's imports: what its own code imports, and whether the image has it.
//!
//! [`scan`] reads one source and says under which circumstances it imports what; the result depends on the source and
//! the Python release only, so it can be kept by the file's digest. [`Modules`] answers whether a module is in a tree,
//! the way CPython's own finders would. [`check`] follows the imports from the entry point through the application's
//! own files and reports what is missing, with the need that makes it matter. Installed distributions are not
//! followed: their makers' metadata is the resolver's business, and their optional imports are too many.
//!
//! Nothing is run. What only running could tell is reported as unknown, never as present.

mod check;
mod condition;
mod hints;
mod modules;
mod report;
mod scan;
mod standard;

#[cfg(test)]
mod tests;

pub use check::{Sources, check};
pub use hints::{distribution_of, hint};
pub use modules::{Found, Modules, ReadFile, SearchPath};
pub use report::{Entry, Missing, Report, Unknown, Unreadable};
pub use scan::{Branch, Dynamic, FileImports, Import, Need, ScanError, scan, scan_all};

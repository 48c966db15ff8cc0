//! ELF files: what one file says about itself, and whether a tree of them would load.
//!
//! Only headers, the dynamic section and version tables are read, never code. Follows the System V gABI, the LSB's
//! symbol versioning and ld.so(8). Files may be hostile: every offset, count and string is bounded.

mod facts;
mod imports;
pub mod loader;
mod parse;
mod source;
#[cfg(test)]
mod tests;
mod versions;

pub use facts::{ElfClass, ElfError, ElfFacts, ElfKind};

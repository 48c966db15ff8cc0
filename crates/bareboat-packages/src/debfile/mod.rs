//! Reads one `.deb`: its control files whole, its data entry by entry, in one streaming pass.
//!
//! Never unpacks to a disk, never trusts the archive: names, kinds, sizes and order are checked as they stream by,
//! whoever signed the index that led here. Follows deb(5) and deb-control(5).

mod ar;
mod compression;
mod control;
mod entry;
mod error;
mod limits;
mod reader;
mod tar_stream;
#[cfg(test)]
mod tests;

pub use control::{Control, ControlError};
pub use entry::{DebEntry, DebKind};
pub use error::DebError;
pub use limits::Limits;
pub use reader::{ControlFiles, DebReader};

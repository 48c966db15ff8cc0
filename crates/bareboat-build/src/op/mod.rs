//! The operations, one file each: bytes in, piece out.

pub mod bytecode;
pub mod files;
mod look;
pub mod package;
pub(crate) mod sources;
pub mod wheel;

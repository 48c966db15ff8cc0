//! The operations, one file each: bytes in, piece out.

pub mod busybox;
pub mod bytecode;
pub mod files;
mod look;
pub mod package;
pub mod sources;
pub mod wheel;

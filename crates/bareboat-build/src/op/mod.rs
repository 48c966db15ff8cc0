//! The operations, one file each: bytes in, piece out.

pub mod bytecode;
mod elf_spool;
pub mod files;
pub mod package;
pub mod wheel;

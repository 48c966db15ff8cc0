//! Debian packages and Python distributions: resolve, verify, unpack, take inventory.
pub mod deb;
pub mod pypi;

pub mod wheel;

pub mod debfile;
pub mod elf;
pub mod system;

pub mod bytecode;
pub mod wheel;

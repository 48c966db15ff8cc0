//! Debian packages and Python distributions: resolve, verify, unpack, take inventory.

pub mod bytecode;
pub mod deb;
pub mod debfile;
pub mod elf;
pub mod pypi;
pub mod sbom;
pub mod scripts;
pub mod system;
pub mod wheel;

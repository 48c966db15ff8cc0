//! Debian packages and Python distributions: resolve, verify, unpack, take inventory.
pub mod pypi;

pub mod wheel;

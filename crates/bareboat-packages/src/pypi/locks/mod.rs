//! Lock files: one parser per format, each giving the pins that apply to a target.

mod pylock;
mod toml_file;

use pep440_rs::VersionSpecifiers;

use super::pin::Pin;

pub use pylock::read_pylock;
pub(super) use toml_file::{line_with, parse_toml};

/// What a lock file holds for one target.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The Python versions that the lock is for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The distributions, by name.
    pub pins: Vec<Pin>,
}

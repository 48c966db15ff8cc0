//! Lock files: one parser per format, each giving the pins that apply to a target.

mod content_hash;
mod graph;
mod pdm_lock;
mod pipfile_lock;
mod poetry_lock;
mod pylock;
mod toml_file;
mod uv_lock;

use pep440_rs::VersionSpecifiers;

use super::error::{Place, PypiError};
use super::pin::Pin;
use super::project::ProjectDir;
use super::requirement::MarkerEnvironment;
use super::requirements_txt::IndexOptions;

pub use pdm_lock::read_pdm_lock;
pub use pipfile_lock::read_pipfile_lock;
pub use poetry_lock::read_poetry_lock;
pub use pylock::read_pylock;
pub(super) use toml_file::{line_with, parse_toml};
pub use uv_lock::read_uv_lock;

/// What a lock file holds for one target.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// Sets of Python versions, one of which must hold; empty when the lock does not say.
    pub requires_python: Vec<VersionSpecifiers>,
    /// The distributions, by name.
    pub pins: Vec<Pin>,
    /// Where the lock says that files come from.
    pub options: IndexOptions,
}

/// A lock file and what it is read for.
#[derive(Clone, Copy)]
pub struct LockContext<'a> {
    /// The project it belongs to.
    pub project: &'a ProjectDir,
    /// The lock file, relative to the project.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The target, with the extras and groups of the project that are wanted.
    pub environment: &'a MarkerEnvironment,
}

impl LockContext<'_> {
    /// The lock cannot be understood at the line that holds `needle`.
    fn wrong(&self, needle: &str, why: impl std::fmt::Display) -> PypiError {
        let line = line_with(self.text, needle);
        PypiError::syntax(Place { file: self.file.to_owned(), line }, why)
    }

    /// The project has outgrown the lock; `renew` is the command that locks again.
    fn stale(&self, renew: &'static str) -> PypiError {
        PypiError::Stale {
            lock: self.file.to_owned(),
            why: "`pyproject.toml` has other dependencies than when it was locked".to_owned(),
            renew,
        }
    }
}

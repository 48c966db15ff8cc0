//! `uv.lock`, versions 1.x: a graph over all platforms, walked from the project for one target.

mod format;
mod source;
mod stale;
mod walk;

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use self::format::UvLock;
use self::walk::Walk;
use super::toml_file::{line_with, parse_toml};
use super::{LockContext, Locked};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::requirement::Marker;

/// The pins that the project needs in the context's environment, whose extras and groups are the project's.
///
/// Development dependencies (`dev`) are left out unless they were asked for; other default groups of the project are
/// in, as `uv sync --no-dev` has it. Members of a workspace without a project at its root all count as the project.
///
/// # Errors
/// Another lock version, a lock that does not cover the target, one that the project has outgrown, broken references.
pub fn read_uv_lock(context: &LockContext<'_>) -> Result<Locked, PypiError> {
    let LockContext { file, text, environment, .. } = *context;
    let lock: UvLock = parse_toml(file, text)?;
    if lock.version != 1 {
        let found = lock.version.to_string();
        return Err(PypiError::LockVersion { file: file.to_owned(), found, known: "1" });
    }
    let place = |needle: &str| Place { file: file.to_owned(), line: line_with(text, needle) };
    let requires_python = VersionSpecifiers::from_str(&lock.requires_python)
        .map_err(|error| PypiError::syntax(place("requires-python"), error))?;
    let mut covered = lock.supported_markers.is_empty();
    for marker in &lock.supported_markers {
        let parsed = Marker::from_str(marker).map_err(|error| PypiError::syntax(place(marker), error))?;
        covered |= parsed.evaluate(environment);
    }
    if !covered {
        return Err(PypiError::Unsupported {
            place: place("supported-markers"),
            what: format!("it was locked only for {}", lock.supported_markers.join(" and for ")),
            instead: "add Linux to `environments` under `[tool.uv]` and run `uv lock`".to_owned(),
        });
    }
    stale::check(context, &lock)?;
    let pins = Walk::new(context, &lock)?.run()?;
    Ok(Locked { requires_python: vec![requires_python], pins, ..Locked::default() })
}

#[cfg(test)]
mod tests;

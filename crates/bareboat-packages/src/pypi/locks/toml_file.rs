//! TOML documents of a project, with errors that name file and line.

use serde::de::DeserializeOwned;

use crate::pypi::error::{Place, PypiError};

/// Reads `text` of `file` into `T`.
///
/// # Errors
/// What the parser says, on its line.
pub fn parse_toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PypiError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        PypiError::syntax(Place { file: file.to_owned(), line }, error.message())
    })
}

/// The line, from 1, of the first place where `text` holds `needle`, as it is or with its quotes escaped.
pub fn line_with(text: &str, needle: &str) -> Option<usize> {
    let at = text.find(needle).or_else(|| text.find(&needle.replace('"', "\\\"")));
    at.filter(|_| !needle.is_empty()).map(|at| line_of(text, at))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
}

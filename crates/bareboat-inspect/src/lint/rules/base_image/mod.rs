//! Rules about right base image: pinned, slim, trusted, maintained.

mod from_latest;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&from_latest::RULE];

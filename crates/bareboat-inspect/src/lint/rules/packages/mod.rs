//! Rules about no unnecessary packages, honest installs.

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[];

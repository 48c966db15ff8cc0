//! Rules about explicit copies and `.dockerignore`.

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[];

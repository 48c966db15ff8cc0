//! Rules about a non-root user.

mod user_missing;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&user_missing::RULE];

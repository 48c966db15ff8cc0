//! Rules about image size.

mod apt_lists_left;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&apt_lists_left::RULE];

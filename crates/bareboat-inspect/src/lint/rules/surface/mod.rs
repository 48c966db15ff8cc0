//! Rules about attack surface.

mod debug_tag_in_final;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&debug_tag_in_final::RULE];

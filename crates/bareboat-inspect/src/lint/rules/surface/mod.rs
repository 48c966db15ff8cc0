//! Rules about attack surface.

mod debug_tag_in_final;
mod package_manager_in_final;
mod shell_in_final;
mod unneeded;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] =
    &[&debug_tag_in_final::RULE, &package_manager_in_final::RULE, &shell_in_final::RULE];

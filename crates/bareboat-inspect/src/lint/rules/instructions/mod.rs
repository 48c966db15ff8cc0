//! Rules about correct instructions.

mod cd_in_run;
mod maintainer;
mod shell_form_pid1;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&cd_in_run::RULE, &maintainer::RULE, &shell_form_pid1::RULE];

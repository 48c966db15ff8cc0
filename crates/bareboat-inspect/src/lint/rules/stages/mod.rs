//! Rules about several stages, and secrets.

mod copy_from_self;
mod copy_from_unknown;
mod secret_in_arg_env;
mod secret_literal;
mod single_stage_with_compiler;
mod stage_copy_paste;
mod stage_name_duplicate;
mod stage_name_reserved;
mod stage_unreachable;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &copy_from_self::RULE,
    &copy_from_unknown::RULE,
    &secret_in_arg_env::RULE,
    &secret_literal::RULE,
    &single_stage_with_compiler::RULE,
    &stage_copy_paste::RULE,
    &stage_name_duplicate::RULE,
    &stage_name_reserved::RULE,
    &stage_unreachable::RULE,
];

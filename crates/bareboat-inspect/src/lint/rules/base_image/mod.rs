//! Rules about right base image: pinned, slim, trusted, maintained.

mod from_alpine_python;
mod from_const_platform;
mod from_eol_release;
mod from_fat_variant;
mod from_invalid_default;
mod from_latest;
mod from_no_digest;
mod from_no_suite;
mod from_redundant_platform;
mod from_undefined_arg;
mod from_untagged;
mod from_untrusted_registry;
mod syntax_directive_typo;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &from_alpine_python::RULE,
    &from_const_platform::RULE,
    &from_eol_release::RULE,
    &from_fat_variant::RULE,
    &from_invalid_default::RULE,
    &from_latest::RULE,
    &from_no_digest::RULE,
    &from_no_suite::RULE,
    &from_redundant_platform::RULE,
    &from_undefined_arg::RULE,
    &from_untagged::RULE,
    &from_untrusted_registry::RULE,
    &syntax_directive_typo::RULE,
];

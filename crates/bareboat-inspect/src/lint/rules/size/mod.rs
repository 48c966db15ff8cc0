//! Rules about image size.

mod apk_cache;
mod apt_lists_left;
mod cache_mount;
mod chown_layer_copy;
mod consecutive_run;
mod pip_cache;
mod pycache;
mod rm_in_later_layer;
mod rpm_cache_left;
mod yarn_cache;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &apk_cache::RULE,
    &apt_lists_left::RULE,
    &cache_mount::RULE,
    &chown_layer_copy::RULE,
    &consecutive_run::RULE,
    &pip_cache::RULE,
    &pycache::RULE,
    &rm_in_later_layer::RULE,
    &rpm_cache_left::RULE,
    &yarn_cache::RULE,
];

//! Rules about image size.

mod apk_cache;
mod apt_lists_left;
mod pip_cache;
mod rpm_cache_left;
mod yarn_cache;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] =
    &[&apk_cache::RULE, &apt_lists_left::RULE, &pip_cache::RULE, &rpm_cache_left::RULE, &yarn_cache::RULE];

//! What does it waste?

mod cache;
mod py_bytes;
mod py_unused;
mod waste_dup;
mod waste_hidden;

use super::Rule;

/// The rules of this question.
pub(super) static RULES: &[&Rule] =
    &[&waste_hidden::RULE, &waste_dup::RULE, &cache::RULE, &py_bytes::RULE, &py_unused::RULE];

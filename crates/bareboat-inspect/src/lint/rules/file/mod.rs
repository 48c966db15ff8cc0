//! Rules about the file as such: whether it can be read, and what it says to the linter.

mod parse_error;
mod pragma_used;
mod unused_pragma;

pub(in crate::lint) use self::parse_error::RULE as PARSE_ERROR;
pub(in crate::lint) use self::unused_pragma::RULE as UNUSED_PRAGMA;
use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[&PARSE_ERROR, &pragma_used::RULE, &UNUSED_PRAGMA];

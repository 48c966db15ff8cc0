//! The rules, by the question they answer.

mod sound;
mod start;
mod surface;
mod waste;

use super::Rule;

/// The rule that compares checksums.
pub(super) use self::sound::NEEDS_CHECKSUMS;

/// The rules called `name`, by their names or an alias, in any case.
pub fn find(name: &str) -> impl Iterator<Item = &'static Rule> {
    all().filter(move |rule| rule.is_called(name))
}

/// Every rule, by question.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [start::RULES, surface::RULES, waste::RULES, sound::RULES].into_iter().flatten().copied()
}

//! The rules, by the question they answer.

mod sound;
mod start;
mod surface;
mod waste;

use super::Rule;

/// Every rule, by question.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [start::RULES, surface::RULES, waste::RULES, sound::RULES].into_iter().flatten().copied()
}

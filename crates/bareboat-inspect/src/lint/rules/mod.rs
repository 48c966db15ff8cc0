//! Every rule, grouped by practice. A rule is `GROUP/NAME.rs` with its page and tests `GROUP/name.md` beside it, and
//! one line in its group's list; see `docs/contributing-rules.md`.

mod base_image;
mod copy;
mod ephemeral;
mod file;
mod instructions;
mod packages;
mod pairing;
mod shell;
mod size;
mod stages;
mod surface;
mod user;

use super::Rule;

pub(super) use self::file::{PARSE_ERROR, UNUSED_PRAGMA};
pub(super) use self::shell::shellcheck::RULE as SHELLCHECK;

/// The groups' rules.
static GROUPS: [&[&Rule]; 12] = [
    base_image::RULES,
    ephemeral::RULES,
    copy::RULES,
    packages::RULES,
    user::RULES,
    instructions::RULES,
    shell::RULES,
    stages::RULES,
    pairing::RULES,
    size::RULES,
    surface::RULES,
    file::RULES,
];

/// Every rule, group by group.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.into_iter().flatten().copied()
}

/// The rules called `name`, by their names or an alias, in any case. Several rules may share an alias.
pub fn find(name: &str) -> impl Iterator<Item = &'static Rule> {
    all().filter(move |rule| rule.is_called(name))
}

/// True for a rule that every preset has and nothing silences: a file that cannot be read is always a finding.
pub(super) fn is_always_on(rule: &Rule) -> bool {
    std::ptr::eq(rule, &PARSE_ERROR)
}

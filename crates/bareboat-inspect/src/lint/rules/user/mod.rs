//! Rules about a non-root user.

mod adduser_dialect;
mod chpasswd;
mod sudo;
mod user_created_unused;
mod user_missing;
mod user_not_numeric;
mod user_root_last;
mod useradd_high_uid;
mod world_writable;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &adduser_dialect::RULE,
    &chpasswd::RULE,
    &sudo::RULE,
    &user_created_unused::RULE,
    &user_missing::RULE,
    &user_not_numeric::RULE,
    &user_root_last::RULE,
    &useradd_high_uid::RULE,
    &world_writable::RULE,
];

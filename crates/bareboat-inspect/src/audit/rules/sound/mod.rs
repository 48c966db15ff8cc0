//! Is it sound?

mod link_dangling;
mod oci_valid;
mod passwd;
mod pkg_eol;
mod pkg_unowned;
mod tag_latest;

use super::Rule;

/// The rules of this question.
pub(super) static RULES: &[&Rule] = &[
    &link_dangling::RULE,
    &passwd::RULE,
    &pkg_eol::RULE,
    &pkg_unowned::RULE,
    &oci_valid::RULE,
    &tag_latest::RULE,
];

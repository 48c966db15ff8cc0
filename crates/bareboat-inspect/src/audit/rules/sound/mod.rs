//! Is it sound?

mod link_dangling;
mod oci_valid;
mod passwd;
mod pkg_eol;
mod pkg_integrity;
mod pkg_unowned;
mod repro;
mod tag_latest;

use super::Rule;

pub(in crate::audit) const NEEDS_CHECKSUMS: &str = pkg_integrity::NAME;

/// The rules of this question.
pub(super) static RULES: &[&Rule] = &[
    &link_dangling::RULE,
    &passwd::RULE,
    &pkg_eol::RULE,
    &pkg_integrity::RULE,
    &pkg_unowned::RULE,
    &repro::RULE,
    &oci_valid::RULE,
    &tag_latest::RULE,
];

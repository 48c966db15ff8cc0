//! Rules about explicit copies and `.dockerignore`.

mod add_local;
mod add_remote_no_checksum;
mod archive_copied_then_extracted;
mod copy_before_install;
mod copy_everything;
mod copy_ignored_file;
mod copy_many_no_slash;
mod copy_relative_no_workdir;
mod copy_root_tree;
mod copy_secret_file;
mod copy_source_missing;
mod dockerignore_misses;
mod dockerignore_missing;

use crate::lint::Rule;

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &add_local::RULE,
    &add_remote_no_checksum::RULE,
    &archive_copied_then_extracted::RULE,
    &copy_before_install::RULE,
    &copy_everything::RULE,
    &copy_ignored_file::RULE,
    &copy_many_no_slash::RULE,
    &copy_relative_no_workdir::RULE,
    &copy_root_tree::RULE,
    &copy_secret_file::RULE,
    &copy_source_missing::RULE,
    &dockerignore_misses::RULE,
    &dockerignore_missing::RULE,
];

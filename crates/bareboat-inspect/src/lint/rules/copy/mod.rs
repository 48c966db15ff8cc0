//! Rules about explicit copies and `.dockerignore`.

mod add_local;
mod add_remote_no_checksum;
mod add_unpack;
mod archive_copied_then_extracted;
mod bind_mount_instead;
mod copy_after_user_no_chown;
mod copy_before_install;
mod copy_everything;
mod copy_from_empty;
mod copy_ignored_file;
mod copy_many_no_slash;
mod copy_relative_no_workdir;
mod copy_root_tree;
mod copy_secret_file;
mod copy_source_missing;
mod copy_then_chmod;
mod dockerignore_misses;
mod dockerignore_missing;

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Kind, Span};

use crate::lint::{Context, Rule};

/// The rules of this group, by name.
pub(super) static RULES: &[&Rule] = &[
    &add_local::RULE,
    &add_remote_no_checksum::RULE,
    &add_unpack::RULE,
    &archive_copied_then_extracted::RULE,
    &bind_mount_instead::RULE,
    &copy_after_user_no_chown::RULE,
    &copy_before_install::RULE,
    &copy_everything::RULE,
    &copy_from_empty::RULE,
    &copy_ignored_file::RULE,
    &copy_many_no_slash::RULE,
    &copy_relative_no_workdir::RULE,
    &copy_root_tree::RULE,
    &copy_secret_file::RULE,
    &copy_source_missing::RULE,
    &copy_then_chmod::RULE,
    &dockerignore_misses::RULE,
    &dockerignore_missing::RULE,
];

/// A source that is the whole build context.
fn is_everything(source: &Source) -> bool {
    match source {
        Source::Path(word) => matches!(word.text.trim_matches(['"', '\'']), "." | "./" | "/" | "*" | "./*"),
        Source::Heredoc(_) => false,
    }
}

/// Where the first COPY takes the whole build context, without saying what to leave out.
fn copied_whole(context: &Context<'_>) -> Option<Span> {
    context.steps().find_map(|(_, step)| {
        let Kind::Copy(copy) = &step.effective().kind else { return None };
        let is_plain = copy.from.is_none() && copy.transfer.exclude.is_empty();
        copy.transfer.sources.iter().filter(|_| is_plain).find_map(|source| match source {
            Source::Path(word) if is_everything(source) => Some(word.span),
            _ => None,
        })
    })
}

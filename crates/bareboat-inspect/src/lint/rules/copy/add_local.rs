//! ADD where COPY would do.

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, EntryKind, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "add-local",
    aliases: &["DL3020", "CKV_DOCKER_4", "DS-0005"],
    group: Group::Copy,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("add-local.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let command = step.effective();
        let Kind::Add(add) = &command.kind else { continue };
        let own_flags = ["checksum", "keep-git-dir", "unpack"];
        if own_flags.iter().any(|flag| command.flag(flag).is_some()) {
            continue;
        }
        let exact = context.as_hadolint();
        let needs_add = |source: &Source| match source {
            Source::Heredoc(_) => false,
            Source::Path(word) => match context.expand(step, &word.text) {
                Ok(path) if path.undefined().is_empty() => is_special(&path.text, exact),
                // Nobody knows what it is, but its ending may tell.
                Ok(path) => !exact || is_archive(&path.text),
                Err(_) => !exact,
            },
        };
        let sources = &add.transfer.sources;
        let local: Vec<&Source> = sources.iter().filter(|source| !needs_add(source)).collect();
        if local.is_empty() {
            continue;
        }
        let draft = findings.report(command.span(&step.instruction.text), "`ADD` where `COPY` would do");
        draft
            .note("`ADD` unpacks archives and fetches addresses, so its result depends on what the file contains")
            .help("write `COPY`");
        if local.len() == sources.len() {
            let copy = match command.keyword.text.chars().any(char::is_uppercase) {
                true => "COPY",
                false => "copy",
            };
            let edit = [Edit::replace(command.keyword.span, copy)];
            let plain = |source: &&Source| match source {
                Source::Heredoc(_) => true,
                Source::Path(word) => context
                    .expand(step, &word.text)
                    .is_ok_and(|path| path.undefined().is_empty() && is_no_archive(context, &path.text)),
            };
            // An archive may have any name: `ADD` looks at what is in the file.
            match local.iter().all(plain) {
                true => draft.safe_fix("write `COPY`", edit),
                false => draft.unsafe_fix("write `COPY`", edit),
            };
        }
    }
}

/// True for a file of the build context that `ADD` would not unpack, and for a directory.
fn is_no_archive(context: &Context<'_>, path: &str) -> bool {
    let Some(build) = context.build().filter(|_| !path.contains(['*', '?', '['])) else { return false };
    match build.kind(path) {
        Some(EntryKind::Directory) => true,
        Some(EntryKind::File) => build.bytes(path, TAR_MAGIC.end).is_some_and(|bytes| {
            let is_tar = bytes.get(TAR_MAGIC) == Some(b"ustar".as_slice());
            !is_tar && !COMPRESSED.iter().any(|magic| bytes.starts_with(magic))
        }),
        _ => false,
    }
}

/// Where a tar archive says what it is.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;
/// How gzip, bzip2, xz and zstd begin.
const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];

/// An archive by its name, an address, or a Git repository (which hadolint does not know).
fn is_special(path: &str, exact: bool) -> bool {
    let is_web = path.starts_with("https://") || path.starts_with("http://");
    let is_git = path.starts_with("git@") || path.starts_with("git://") || path.starts_with("ssh://");
    is_archive(path) || is_web || is_git && !exact
}

fn is_archive(path: &str) -> bool {
    ARCHIVES.iter().any(|ending| path.ends_with(ending))
}

const ARCHIVES: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
    ".txz", ".xz", ".zst", ".tzst",
];

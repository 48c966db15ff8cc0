//! ADD where COPY would do.

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Preset, Rule, Ruleset};

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
        let exact = context.settings().preset == Preset::Hadolint;
        let needs_add = |source: &Source| match source {
            Source::Heredoc(_) => false,
            Source::Path(word) => match context.expand(step, &word.text) {
                Ok(path) if path.undefined().is_empty() => is_special(&path.text, exact),
                // Nobody knows what it is.
                _ => !exact,
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
            draft.safe_fix("write `COPY`", [Edit::replace(command.keyword.span, copy)]);
        }
    }
}

/// An archive by its name, an address, or a Git repository (which hadolint does not know).
fn is_special(path: &str, exact: bool) -> bool {
    let is_archive = ARCHIVES.iter().any(|ending| path.ends_with(ending));
    let is_web = path.starts_with("https://") || path.starts_with("http://");
    let is_git = path.starts_with("git@") || path.starts_with("git://") || path.starts_with("ssh://");
    is_archive || is_web || is_git && !exact
}

const ARCHIVES: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
    ".txz", ".xz", ".zst", ".tzst",
];

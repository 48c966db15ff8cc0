//! COPY of everything from another stage.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::stages::Base;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-root-tree",
    aliases: &["DL3067"],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-root-tree.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps() {
        let command = step.effective();
        let Kind::Copy(copy) = &command.kind else { continue };
        let is_root = |word: &str| word.trim_matches(['"', '\'']) == "/";
        let from_root = copy
            .transfer
            .sources
            .iter()
            .any(|source| matches!(source, Source::Path(word) if is_root(&word.text)));
        if copy.from.is_none() || !from_root || !is_root(&copy.transfer.destination.text) {
            continue;
        }
        let draft =
            findings.report(command.span(&step.instruction.text), "everything of another image is copied");
        draft
            .note("with it come its package manager, its caches and its mistakes")
            .help("copy the directories that the program needs");
        // Squashing into an empty image is done on purpose.
        if view.stage.base == Base::Scratch {
            draft.severity(Severity::Info);
        }
    }
}

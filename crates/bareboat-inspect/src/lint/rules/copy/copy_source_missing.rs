//! COPY of a file that the build context does not have.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::{Source, Transfer};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-source-missing",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-source-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(build) = context.build() else { return };
    for (_, step) in context.steps() {
        // A trigger runs in another build, with other files.
        if step.is_onbuild() {
            continue;
        }
        let Some(transfer) = from_context(&step.command.kind) else { continue };
        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };
            let Ok(path) = context.expand(step, &word.text) else { continue };
            let text = path.text.as_str();
            // With a variable, whoever builds says what is copied.
            let constant = path.references.is_empty() && !text.contains(['*', '?', '[', '\\']);
            let remote = text.contains("://") || text.starts_with("git@");
            if !constant || remote || build.is_ignored(text) || build.kind(text).is_some() {
                continue;
            }
            let draft = findings.report(word.span, format!("`{text}` is not in the build context"));
            if build.is_assumed() {
                draft
                    .severity(Severity::Info)
                    .note("the directory of the Dockerfile was taken for the build context");
            }
            draft.help("correct the path, which starts at the build context");
        }
    }
}

/// The files of COPY or ADD, when they come from the build context.
fn from_context(kind: &Kind) -> Option<&Transfer> {
    match kind {
        Kind::Copy(copy) if copy.from.is_none() => Some(&copy.transfer),
        Kind::Add(add) => Some(&add.transfer),
        _ => None,
    }
}

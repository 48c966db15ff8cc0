//! COPY takes files from a stage that has none.

use std::collections::BTreeMap;

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::stages::{Base, Origin, ReferenceKind};
use bareboat_report::Severity;

use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-from-empty",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-from-empty.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut empty: BTreeMap<usize, bool> = BTreeMap::new();
    for view in context.stages() {
        for reference in view.stage.references.iter().filter(|found| found.kind == ReferenceKind::Copy) {
            let Origin::Stage(index) = reference.origin else { continue };
            let Some(source) = context.stages().get(index) else { continue };
            if !*empty.entry(index).or_insert_with(|| is_empty(context, source)) {
                continue;
            }
            let Kind::Copy(copy) = &reference.instruction.effective().kind else { continue };
            if !copy.transfer.sources.iter().any(names_something) {
                continue;
            }
            findings
                .report(reference.span, format!("nothing is in the stage `{}`", reference.name))
                .related(source.stage.instruction.text_span(), "it starts from `scratch` and copies nothing")
                .note("the build stops here: `not found`")
                .help("copy from the stage that makes the files");
        }
    }
}

/// True when nothing can be in a stage. One without any instruction is a place for `--build-context NAME=…`.
fn is_empty(context: &Context<'_>, view: &StageView<'_>) -> bool {
    if *context.model().root(view.index) != Base::Scratch {
        return false;
    }
    let chain = context.chain(view);
    if !context.affords(&chain) {
        return false;
    }
    let harmless = |kind: &Kind| {
        !matches!(kind, Kind::Add(_) | Kind::Copy(_) | Kind::Run(_) | Kind::Workdir(_) | Kind::Broken)
    };
    let mut steps = chain.iter().flat_map(|link| &link.steps);
    chain.iter().any(|link| !link.steps.is_empty()) && steps.all(|step| harmless(&step.command.kind))
}

/// The root of an empty stage can be copied, and a pattern may match nothing.
fn names_something(source: &Source) -> bool {
    match source {
        Source::Path(word) => {
            !word.text.contains(['*', '?', '[', '$']) && !word.text.trim_matches(['/', '.']).is_empty()
        }
        Source::Heredoc(_) => false,
    }
}

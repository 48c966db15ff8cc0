//! RUN follows RUN where one would do.

use std::collections::BTreeSet;

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::shell::Script;
use bareboat_report::Severity;

use crate::lint::context::{StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "consecutive-run",
    aliases: &["DL3059"],
    group: Group::Size,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("consecutive-run.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Layers of other stages are not shipped, and there the cache is worth more; hadolint looks at all of them.
    for view in context.stages().iter().filter(|view| view.is_final || context.as_hadolint()) {
        report(view, findings);
    }
}

fn report(view: &StageView<'_>, findings: &mut Findings<'_>) {
    let own: Vec<&Step<'_>> = view.steps.iter().filter(|step| !step.triggered).collect();
    for pair in own.windows(2) {
        let [first, second] = pair else { continue };
        if !is_short(first) || !is_short(second) || flags(first) != flags(second) {
            continue;
        }
        findings
            .report(second.instruction.text_span(), "this `RUN` could be one with that above")
            .related(first.instruction.text_span(), "the one above")
            .note("each makes a layer of its own")
            .help("join them with `&&`, unless they change at different times");
    }
}

/// A RUN of at most one command: a longer one is kept apart for a reason.
fn is_short(step: &Step<'_>) -> bool {
    let Kind::Run(_) = &step.command.kind else { return false };
    let Some(execution) = &step.execution else { return false };
    let own = execution.scripts.iter().find(|script| !script.nested);
    own.map_or(!execution.is_shell_form(), |script| commands(&script.script) <= 1)
}

/// Programs that are called; neither assignments nor conditions are any.
fn commands(script: &Script) -> usize {
    let names = script.simple_commands().into_iter().filter_map(|(simple, ..)| {
        let first = simple.words.first()?;
        Some(first.literal().unwrap_or_default())
    });
    names.filter(|name| name != "[").count()
}

fn flags<'s>(step: &'s Step<'_>) -> BTreeSet<(&'s str, Option<&'s str>)> {
    let flags = step.command.flags.iter();
    flags.map(|flag| (flag.name.as_str(), flag.value.as_ref().map(|value| value.text.as_str()))).collect()
}

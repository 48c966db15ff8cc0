//! curl and wget in the same stage.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "curl-and-wget",
    aliases: &["DL4001", "DS-0014"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("curl-and-wget.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages() {
        let runs = stage.steps.iter().filter_map(|step| step.run());
        let mut calls = runs.flat_map(|run| run.calls_of(&["curl", "wget"]));
        let Some(first) = calls.next() else { continue };
        let Some(second) = calls.find(|call| call.name != first.name) else { continue };
        // hadolint goes on about every later call.
        let later = calls.filter(|_| context.as_hadolint());
        for call in [second].into_iter().chain(later) {
            let other = if call.name == first.name { second } else { first };
            findings
                .report(call.program.span, format!("`{}` does what `{}` does already", call.name, other.name))
                .related(other.program.span, format!("here it is `{}`", other.name))
                .note("the image needs both, each with its own options and certificates")
                .help("use one of them in a stage");
        }
    }
}

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
        let message = format!("`{}` does what `{}` does already", second.name, first.name);
        findings
            .report(second.program.span, message)
            .related(first.program.span, format!("here it is `{}`", first.name))
            .note("the image needs both, each with its own options and certificates")
            .help("use one of them in a stage");
    }
}

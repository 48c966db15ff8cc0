//! A script the shell cannot read.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "shell-syntax",
    aliases: &["SC1072", "SC1073"],
    group: Group::Shell,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shell-syntax.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Some(execution) = &step.execution else { continue };
        for script in execution.scripts {
            // What follows the first mistake is often one because of it.
            if let Some(error) = script.script.errors.first() {
                findings
                    .report(script.script.span(error.range.clone()), error.to_string())
                    .note("the shell will refuse this script");
            }
        }
    }
}

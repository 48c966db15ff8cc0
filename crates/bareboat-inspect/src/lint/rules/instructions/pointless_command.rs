//! Programs in RUN that make no sense while an image is built.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pointless-command",
    aliases: &["DL3001"],
    group: Group::Instructions,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("pointless-command.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(POINTLESS) {
            findings
                .report(call.span, format!("`{}` does nothing for an image", call.name))
                .note("what it starts, stops or shows ends with this `RUN`")
                .help("leave it out, or do it when the container starts");
        }
    }
}

/// They manage or show running processes and the machine, or need somebody at the keyboard.
const POINTLESS: &[&str] = &["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];

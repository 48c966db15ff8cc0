//! No network tools.

use super::listed;
use crate::facts::Tool;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "nettool",
    aliases: &["CIS-4.3"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("nettool.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (executable, names) in context.facts.surface.tools(Tool::Network) {
        findings
            .report_at(
                &executable.path,
                format!("{} can be executed: it moves data over the network", listed(&names)),
            )
            .note("an interpreter such as Python can do the same; a tool makes it a line of shell")
            .help("leave it out of the last stage; check health with the application's own program");
    }
}

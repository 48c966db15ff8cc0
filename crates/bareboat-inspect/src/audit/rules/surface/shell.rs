//! No shell.

use super::listed;
use crate::facts::Tool;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "shell",
    aliases: &["CIS-4.3"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shell.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (executable, names) in facts.surface.tools(Tool::Shell) {
        let applets = executable.links.len();
        let draft =
            findings.report_at(&executable.path, format!("{} can be executed: a shell", listed(&names)));
        if executable.is_busybox && applets > 0 {
            draft.note(format!("it is BusyBox, under {} names", applets + 1));
        }
        draft
            .note("with a shell, a single hole runs any command")
            .help("copy what runs into an image without one, or remove the shell in the last stage");
    }
}

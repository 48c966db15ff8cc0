//! Nothing that everybody can write.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "world-writable",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("world-writable.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for path in &facts.surface.world_writable {
        let kind = if facts.is_directory(path) { "directory without the sticky bit" } else { "file" };
        findings
            .report_at(path, format!("`{path}` is a {kind} that everybody can write"))
            .help("give it the owner that needs it, and mode 755 or 644; a shared directory 1777");
    }
}

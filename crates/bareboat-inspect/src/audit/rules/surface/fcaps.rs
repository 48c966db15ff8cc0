//! No file capabilities.

use crate::facts::Access;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "fcaps",
    aliases: &["CIS-4.8"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("fcaps.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (path, names) in &facts.surface.capabilities {
        let draft = findings.report_at(path, format!("`{path}` has file capabilities: {names}"));
        if !facts.may(Access::Execute, path) {
            draft.severity(Severity::Info).note("the image's user may not execute it");
        }
        draft
            .note("whoever executes it gets them, as far as the engine allows")
            .help("remove the file, or its attribute `security.capability`, in the layer that brings it");
    }
}

//! No setuid or setgid programs.

use crate::facts::Access;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "setid",
    aliases: &["CIS-4.8", "CIS-DI-0008"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("setid.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for path in &facts.surface.set_id {
        let Some(entry) = facts.file(path) else { continue };
        let (bit, whose) = match entry.mode & 0o4000 != 0 {
            true => ("setuid", format!("user {}", entry.owner.uid)),
            false => ("setgid", format!("group {}", entry.owner.gid)),
        };
        let draft =
            findings.report_at(path, format!("`{path}` is {bit}: it runs with the rights of {whose}"));
        if !facts.may(Access::Execute, path) {
            draft.severity(Severity::Info).note("the image's user may not execute it");
        }
        draft.help("remove the file, or the bit with `chmod a-s`, in the layer that brings it");
    }
}

//! The user cannot change what runs.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "code-writable",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("code-writable.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for writable in &facts.surface.writable {
        let Some(why) = writable.code else { continue };
        let path = &writable.path;
        findings
            .report_at(path, format!("the image's user can write `{path}`: {why}"))
            .note("whoever breaks in can stay: what they write there is executed")
            .help("let root own it: `COPY` without `--chown`; give the user directories for data only");
    }
}

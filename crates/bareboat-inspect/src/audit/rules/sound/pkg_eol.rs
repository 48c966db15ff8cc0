//! The distribution is maintained.

use crate::knowledge;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "pkg-eol",
    aliases: &["CIS-4.4"],
    group: Group::Sound,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pkg-eol.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let Some(today) = context.today else { return };
    let field = |name: &str| facts.distribution.get(name).map(String::as_str);
    let (Some(id), Some(version)) = (field("ID"), field("VERSION_ID")) else { return };
    let Some(end) = knowledge::end_of_life(id, version).filter(|end| *end <= today) else { return };
    let name = field("PRETTY_NAME").map_or_else(|| format!("{id} {version}"), str::to_owned);
    findings
        .report(format!("{name} is no longer maintained: its support ended on {end}"))
        .note("holes that are found now stay open; the date was taken 2026-11-23")
        .help("move to a newer release");
}

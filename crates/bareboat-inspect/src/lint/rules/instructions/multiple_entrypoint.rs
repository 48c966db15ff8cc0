//! ENTRYPOINT more than once in a stage.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use super::multiple::report_earlier;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "multiple-entrypoint",
    aliases: &["DL4004", "MultipleInstructionsDisallowed", "DS-0007"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("multiple-entrypoint.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_earlier(context, findings, "ENTRYPOINT", |kind| matches!(kind, Kind::Entrypoint(_)));
}

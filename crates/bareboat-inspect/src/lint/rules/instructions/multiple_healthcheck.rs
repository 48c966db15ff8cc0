//! HEALTHCHECK more than once in a stage.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use super::multiple::report_earlier;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "multiple-healthcheck",
    aliases: &["DL3012", "MultipleInstructionsDisallowed", "DS-0023"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("multiple-healthcheck.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_earlier(context, findings, "HEALTHCHECK", |kind| matches!(kind, Kind::Healthcheck(_)));
}

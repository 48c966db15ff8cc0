//! CMD more than once in a stage.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use super::multiple::report_earlier;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "multiple-cmd",
    aliases: &["DL4003", "MultipleInstructionsDisallowed", "DS-0016"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("multiple-cmd.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    report_earlier(context, findings, "CMD", |kind| matches!(kind, Kind::Cmd(_)));
}

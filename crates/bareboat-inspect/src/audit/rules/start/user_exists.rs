//! The user of the image can be resolved.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "user-exists",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-exists.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    if let Some(fault) = &facts.user.fault {
        findings
            .report(format!("the container does not start: {fault}"))
            .note("engines look names up in the image's own files")
            .help("use a number, such as `USER 65532:65532`, or add the name to the image");
    }
}

//! The container does not run as root.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "user-root",
    aliases: &["CIS-4.1", "CIS-DI-0001", "DS-0002"],
    group: Group::Surface,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-root.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    if !facts.has_config || facts.user.fault.is_some() || !facts.user.is_root() {
        return;
    }
    let message = match facts.user.spec.as_str() {
        "" => "the container runs as root: no user is set".to_owned(),
        spec => format!("the container runs as root: user `{spec}` is 0"),
    };
    findings
        .report(message)
        .note("whoever breaks into it can change everything in it, and is root in what it mounts")
        .help("add `USER 65532:65532` to the last stage");
}

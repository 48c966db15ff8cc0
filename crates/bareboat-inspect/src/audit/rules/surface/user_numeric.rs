//! The user is a number.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "user-numeric",
    aliases: &["CIS-4.1"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("user-numeric.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let user = &context.facts.user;
    let name = user.spec.split(':').next().unwrap_or_default();
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || user.is_root() || user.fault.is_some() {
        return;
    }
    findings
        .report(format!("the user is the name `{name}`, not a number"))
        .note("Kubernetes refuses it where `runAsNonRoot` is set: it cannot see that the name is not root's")
        .help(format!("write `USER {}:{}`", user.uid, user.gid));
}

//! The group is not root.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "user-gid0",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("user-gid0.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let user = &context.facts.user;
    if user.is_root() || user.gid != 0 || user.fault.is_some() {
        return;
    }
    findings
        .report(format!("the process is in group 0: user `{}` names no group", user.spec))
        .note("files that root's group may write are open to it; OpenShift wants it so, others do not")
        .help(format!("write `USER {0}:{0}`", user.uid));
}

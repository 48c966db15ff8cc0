//! sudo in a RUN.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "sudo",
    aliases: &["DL3004", "DS-0010", "CKV2_DOCKER_1"],
    group: Group::User,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("sudo.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, step, run) in context.runs() {
        for call in run.calls_of(&["sudo"]) {
            let draft = findings.report(call.program.span, "`sudo` in a `RUN`");
            match context.user(stage, &step.state) {
                Some("" | "root" | "0") => draft.note("this already runs as root"),
                _ => draft.note("who may use it in the build may use it in the container as well"),
            };
            draft.help("run it as root: `USER root` before, and the other user again after");
        }
    }
}

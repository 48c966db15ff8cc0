//! A password is set in the build.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "chpasswd",
    aliases: &["CKV2_DOCKER_17"],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("chpasswd.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["chpasswd"]) {
            findings
                .report(call.program.span, "a password is set while the image is built")
                .note("everybody who has the image or its history can read it, or its hash")
                .help("leave users without a password: containers need none");
        }
    }
}

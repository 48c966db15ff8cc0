//! EXPOSE of the port of SSH.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "ssh-port",
    aliases: &["CKV_DOCKER_1", "DS-0004"],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("ssh-port.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (port, expanded) in context.exposed() {
        if expanded.words.iter().any(|word| matches!(word.as_str(), "22" | "22/tcp")) {
            findings
                .report(port.span, "port 22 is for logging in over SSH")
                .note("who changes a running container loses it with the container")
                .help("look into containers with `docker exec`, and change the image instead");
        }
    }
}

//! VOLUME or COPY names the container engine's socket.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "docker-socket",
    aliases: &[],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("docker-socket.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Volume(paths) = &step.effective().kind else { continue };
        for word in paths.iter().filter(|word| word.text.contains("docker.sock")) {
            findings
                .report(word.span, "the engine's socket is declared a volume")
                .note("whoever talks to it is root on the machine; and a volume of that name is empty")
                .help("leave it out, and mount the socket by hand where it cannot be avoided");
        }
    }
}

//! The last USER is root.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-root-last",
    aliases: &["DL3002", "CKV_DOCKER_8", "DS-0002"],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-root-last.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let every_stage = context.as_hadolint();
    for stage in context.stages().iter().filter(|stage| stage.is_final || every_stage) {
        let mut users = stage.steps.iter().filter_map(|step| match &step.command.kind {
            Kind::User(word) => Some((step, word)),
            _ => None,
        });
        let Some((step, word)) = users.next_back() else { continue };
        let value = context.expand(step, &word.text).map_or_else(|_| word.text.clone(), |found| found.text);
        if !matches!(value.split(':').next(), Some("root" | "0")) {
            continue;
        }
        findings
            .report(word.span, format!("the image runs as `{value}`"))
            .note("whoever breaks into the program is root in the container, with its files and its capabilities")
            .help("switch back to a user without rights at the end: `USER 65532`");
    }
}

//! An image without a health check.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "healthcheck-missing",
    aliases: &["DL3057", "CKV_DOCKER_2", "DS-0026"],
    group: Group::Ephemeral,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("healthcheck-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Nothing runs stages that are not the last one, but hadolint wants a check in each.
    for view in context.stages().iter().filter(|view| view.is_final || context.as_hadolint()) {
        let mut steps = context.chain(view).into_iter().flat_map(|stage| &stage.steps);
        if steps.any(|step| matches!(step.command.kind, Kind::Healthcheck(_))) {
            continue;
        }
        findings
            .report(view.stage.from.image.span, "nothing says how to tell that a container works")
            .help("add a `HEALTHCHECK`, or `HEALTHCHECK NONE` where something else watches the container");
    }
}

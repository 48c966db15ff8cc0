//! EXPOSE of a port that only root may open everywhere, for a program that is not root.

use bareboat_dockerfile::{Kind, Word};
use bareboat_report::Severity;

use crate::lint::context::Step;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "low-port-nonroot",
    aliases: &[],
    group: Group::User,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("low-port-nonroot.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(user) = context.user(view, &view.end) else { return };
    if matches!(user.split(':').next(), None | Some("" | "0" | "root")) {
        return;
    }
    // A program that was given the right keeps it.
    let chain = context.chain(view);
    let steps = || chain.iter().flat_map(|link| &link.steps);
    if steps().filter_map(|step| step.run()).any(|run| run.calls_of(&["setcap"]).next().is_some()) {
        return;
    }
    for step in steps() {
        let Kind::Expose(ports) = &step.command.kind else { continue };
        for port in ports {
            report(context, step, port, user, findings);
        }
    }
}

fn report(context: &Context<'_>, step: &Step<'_>, port: &Word, user: &str, findings: &mut Findings<'_>) {
    let Ok(expanded) = context.expand(step, &port.text) else { return };
    let number = expanded.text.split('/').next().and_then(|number| number.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (1..1024).contains(number)) else { return };
    findings
        .report(port.span, format!("user `{user}` may not open port {number} everywhere"))
        .note("Docker and Podman allow it in containers; Kubernetes may not: `bind: permission denied`")
        .help("listen on a port from 1024 on, and publish it as the low one");
}

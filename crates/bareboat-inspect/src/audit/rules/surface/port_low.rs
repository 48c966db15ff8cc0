//! Ports that any user can open.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "port-low",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("port-low.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    if facts.user.is_root() {
        return;
    }
    for port in &facts.config.exposed_ports {
        let number: Option<u32> = port.split('/').next().and_then(|number| number.parse().ok());
        let is_low = number.is_some_and(|number| number < 1024);
        let may_bind = || {
            let mut capabilities = facts.surface.capabilities.iter();
            capabilities
                .any(|(path, names)| names.contains("net_bind_service") && facts.start().chain.contains(path))
        };
        if is_low && !may_bind() {
            findings
                .report(format!(
                    "port `{port}` is below 1024, and user {} may not open it everywhere",
                    facts.user.uid
                ))
                .note("Docker and Podman allow it in containers; Kubernetes runtimes may not")
                .help("listen on a port from 1024 on, and publish it as the low one");
        }
    }
}

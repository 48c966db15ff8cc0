//! A health check that can run.

use crate::facts::{Program, Words};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "health",
    aliases: &["CIS-4.6", "CIS-DI-0006"],
    group: Group::Start,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("health.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let Some(health) = facts.config.healthcheck.as_ref().filter(|health| !health.test.is_empty()) else {
        if facts.has_config {
            findings.report("the image has no health check").note(
                "Docker cannot tell a hung container from a working one; Kubernetes has probes of its own",
            );
        }
        return;
    };
    let words: Vec<&str> = health.test.iter().map(String::as_str).collect();
    let command = match words.split_first() {
        Some((&"CMD", words)) => words.to_vec(),
        Some((&"CMD-SHELL", _)) => vec![
            facts.config.shell.as_ref().and_then(|shell| shell.first()).map_or("/bin/sh", String::as_str),
        ],
        _ => return,
    };
    if let Some(fault) = Program::find(facts, &Words::new(command)).fault {
        findings
            .report(format!("the health check always fails: {fault}"))
            .severity(Severity::Error)
            .note("the container becomes `unhealthy` although it works")
            .help("check with a program that is in the image, in JSON form");
    }
}

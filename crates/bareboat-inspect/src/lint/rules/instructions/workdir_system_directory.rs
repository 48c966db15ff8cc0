//! WORKDIR is one of the system's own directories.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "workdir-system-directory",
    aliases: &["DS-0030"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("workdir-system-directory.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Workdir(word) = &step.effective().kind else { continue };
        let Ok(path) = context.expand(step, &word.text) else { continue };
        let first = path.text.trim_start_matches('/').split('/').next().unwrap_or_default();
        if !path.text.starts_with('/') || !SYSTEM.contains(&first) {
            continue;
        }
        findings
            .report(word.span, format!("`/{first}` belongs to the system"))
            .note("what is written there collides with the distribution's files, or is gone when a container starts")
            .help("use a directory of the application's own, such as `/app`");
    }
}

const SYSTEM: &[&str] = &["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys"];

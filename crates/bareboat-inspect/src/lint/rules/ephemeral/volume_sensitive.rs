//! VOLUME covers a directory of the system.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "volume-sensitive",
    aliases: &["DKL-DI-0002"],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("volume-sensitive.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Volume(paths) = &step.effective().kind else { continue };
        for word in paths {
            let Ok(path) = context.expand(step, &word.text) else { continue };
            if !path.undefined().is_empty() || !is_system(&path.text) {
                continue;
            }
            findings
                .report(word.span, format!("the volume `{}` covers a directory of the system", path.text))
                .note("its first content is copied into every container's volume, and an update of the image changes nothing there")
                .help("declare a directory that holds nothing but data");
        }
    }
}

fn is_system(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let place = format!("/{}", parts.join("/"));
    path.starts_with('/')
        && (SYSTEM.contains(&place.as_str()) || matches!(parts.first(), Some(&("dev" | "proc" | "sys"))))
}

const SYSTEM: &[&str] =
    &["/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/usr", "/usr/bin", "/usr/lib", "/usr/sbin"];

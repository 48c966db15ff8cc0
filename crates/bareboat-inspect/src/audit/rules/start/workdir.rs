//! The working directory is there and the user may enter it.

use crate::facts::Access;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "workdir",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("workdir.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let directory = facts.config.working_dir.as_str();
    if directory.is_empty() || directory == "/" {
        return;
    }
    match facts.at(directory) {
        None => {
            findings
                .report(format!("the working directory `{directory}` is not in the image"))
                .severity(Severity::Warning)
                .note("Docker and containerd make it, owned by root; Podman refuses to start")
                .help("make it with the owner it needs");
        }
        Some(path) if !facts.is_directory(&path) => {
            findings.report_at(&path, format!("the working directory `{directory}` is no directory"));
        }
        Some(path) if facts.tree().get(&path).is_some() && !facts.may(Access::Execute, &path) => {
            findings
                .report_at(
                    &path,
                    format!("the image's user may not enter the working directory `{directory}`"),
                )
                .note("the container does not start: `permission denied`")
                .help("give its directories the mode 755");
        }
        Some(_) => {}
    }
}

//! The command can be executed.

use crate::facts::{StartFault, Tool};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "entrypoint",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("entrypoint.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let fault = match facts.start().fault {
        Some(fault) if facts.has_config => fault,
        _ => return,
    };
    if fault == StartFault::Nothing {
        findings
            .report("the image names no command")
            .severity(Severity::Info)
            .note("that is usual for base images; whoever runs this one must say what to start");
        return;
    }
    let message = format!("the container does not start: {fault}");
    let draft = match fault.path() {
        Some(path) => findings.report_at(path, message),
        None => findings.report(message),
    };
    draft.help(help(facts.command().first().copied().unwrap_or_default(), &fault));
}

fn help(program: &str, fault: &StartFault) -> String {
    let is_shell =
        Tool::of(program.rsplit('/').next().unwrap_or_default().as_bytes()).any(|tool| tool == Tool::Shell);
    match fault {
        StartFault::Missing { .. } if is_shell => {
            "write the command as a JSON list: the shell form needs a shell, and there is none".into()
        }
        StartFault::Missing { .. } => {
            format!("copy `{program}` into the image, or name a program that is there")
        }
        StartFault::NotAllowed { .. } => {
            "set its mode with `COPY --chmod=755`, and that of its directories".into()
        }
        StartFault::Processor { wanted, .. } => {
            format!("build it for {wanted}, or the image for its platform")
        }
        StartFault::Loader { loader, .. } if loader.contains("musl") => {
            "build it on a glibc system, or use an image with musl".into()
        }
        StartFault::Loader { .. } => "use an image with its C library, or link it statically".into(),
        StartFault::NotAProgram { .. } => {
            "give it a first line such as `#!/usr/bin/python3`, or name its interpreter".into()
        }
        _ => "name a program that is in the image".into(),
    }
}

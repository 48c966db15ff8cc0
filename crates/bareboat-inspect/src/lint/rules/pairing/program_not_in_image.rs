//! A tool is started in an image that does not have it.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::CommandLine;
use bareboat_report::Severity;

use super::base;
use super::opaque::may_bring_programs;
use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "program-not-in-image",
    aliases: &["P08", "P09", "P10"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("program-not-in-image.md"),
    check,
};

/// What people start without thinking that it must be there.
const TOOLS: &[&str] = &[
    "adduser", "apk", "apt-get", "ash", "bash", "cat", "chmod", "chown", "cp", "curl", "dash", "echo", "env",
    "find", "grep", "groupadd", "ls", "mkdir", "nc", "npm", "npx", "pgrep", "pip", "ps", "sh", "sleep",
    "test", "tini", "useradd", "wget", "yarn",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(facts) = context.base(view) else { return };
    if may_bring_programs(context, view) || base::sets(context, view, "PATH") {
        return;
    }
    let starts_with_cmd = !has_entrypoint(context, view);
    for step in view.steps.iter().filter(|step| !step.is_onbuild()) {
        let Some(CommandLine::Exec(words)) = step.execution.as_ref().map(|execution| execution.line) else {
            continue;
        };
        // A CMD behind an ENTRYPOINT is its arguments.
        if matches!(step.command.kind, Kind::Cmd(_)) && !starts_with_cmd {
            continue;
        }
        let Some(first) = words.first() else { continue };
        let (directory, name) = first.text.rsplit_once('/').unwrap_or(("", first.text.as_str()));
        let usual = matches!(directory, "" | "/bin" | "/usr/bin" | "/usr/local/bin");
        // Whatever a RUN starts by its name alone must be on the PATH, and nothing was brought there.
        let bare_run = matches!(step.command.kind, Kind::Run(_)) && directory.is_empty();
        if !usual || !(bare_run || TOOLS.contains(&name)) || facts.tools.has(name) != Some(false) {
            continue;
        }
        let image = base::image(context, view);
        let draft = findings.report(first.span, format!("there is no `{}` in `{image}`", first.text));
        if matches!(step.command.kind, Kind::Run(_)) {
            draft.help("do this in an earlier stage, and COPY the result");
        } else if matches!(step.command.kind, Kind::Healthcheck(_)) {
            draft.note(
                "the container is never healthy: each check fails with `executable file not found in $PATH`",
            );
            draft.help("let the program check itself, or the image's interpreter with a line of code");
        } else {
            draft.help("start the program itself");
        }
        if !matches!(step.command.kind, Kind::Healthcheck(_)) {
            draft.note(format!("`exec: \"{}\": no such file or directory`", first.text));
        }
    }
}

fn has_entrypoint(context: &Context<'_>, view: &StageView<'_>) -> bool {
    let inherited = context.base(view).and_then(|facts| facts.entrypoint.as_ref());
    base::last(context, view, base::entrypoint).is_some() || !inherited.is_some_and(Vec::is_empty)
}

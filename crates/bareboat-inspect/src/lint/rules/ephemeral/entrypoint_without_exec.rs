//! The entry point is a script that starts the program without `exec`.

use bareboat_dockerfile::instruction::{CommandLine, Source};
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "entrypoint-without-exec",
    aliases: &[],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("entrypoint-without-exec.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let (Some(build), Some(view)) = (context.build(), context.final_stage()) else { return };
    let entrypoint = view.steps.iter().rev().find_map(|step| match &step.command.kind {
        Kind::Entrypoint(CommandLine::Exec(words)) => words.first(),
        _ => None,
    });
    let Some(program) = entrypoint else { return };
    let name = program.text.rsplit('/').next().unwrap_or_default();
    let sources = view.steps.iter().flat_map(|step| match &step.command.kind {
        Kind::Copy(copy) if copy.from.is_none() => copy.transfer.sources.as_slice(),
        _ => &[],
    });
    for source in sources {
        let Source::Path(word) = source else { continue };
        if word.text.rsplit('/').next() != Some(name) {
            continue;
        }
        let Some(text) = build.text(&word.text).filter(|text| text.starts_with("#!") && starts_sh(text))
        else {
            continue;
        };
        if let Some(line) = text.lines().position(|line| line.trim() == "\"$@\"") {
            report(findings, program.span, &word.text, line + 1);
        }
    }
}

fn report(findings: &mut Findings<'_>, span: Span, path: &str, line: usize) {
    findings
        .report(span, format!("`{path}` starts the program without `exec` (line {line})"))
        .note("the shell stays process 1 and keeps the signal to stop: the container is killed after ten seconds")
        .help("write `exec \"$@\"`");
}

fn starts_sh(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    crate::lint::context::Dialect::of_shebang(first).is_parsed()
}

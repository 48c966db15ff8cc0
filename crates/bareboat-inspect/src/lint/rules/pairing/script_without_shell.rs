//! The image starts a shell script, and has no shell.

use bareboat_dockerfile::instruction::{CommandLine, Source};
use bareboat_dockerfile::{Kind, Word};
use bareboat_report::Severity;

use super::arrival::absolute;
use super::base;
use super::opaque::may_bring_programs;
use crate::knowledge::ShellFacts;
use crate::lint::context::{Dialect, StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "script-without-shell",
    aliases: &["P08"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("script-without-shell.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let no_shell = context.base(view).and_then(|facts| facts.shell) == Some(ShellFacts::Absent);
    if !no_shell || may_bring_programs(context, view) {
        return;
    }
    let inherited = context.base(view).and_then(|facts| facts.entrypoint.as_ref());
    let own = base::last(context, view, base::entrypoint);
    let command = base::last(context, view, base::command);
    let starts = own.or(command.filter(|_| inherited.is_some_and(Vec::is_empty)));
    let Some((step, CommandLine::Exec(words))) = starts else { return };
    let Some(first) = words.first().filter(|first| is_script(context, view, step, first)) else { return };
    let image = base::image(context, view);
    findings
        .report(first.span, format!("`{}` is a script, and `{image}` has no shell to read it", first.text))
        .note(format!("`exec {}: no such file or directory`, although the file is there", first.text))
        .help(
            "start the program itself; what the script prepares belongs into an earlier stage or the program",
        );
}

/// By its name, or by the first line of the file that is copied there.
fn is_script(context: &Context<'_>, view: &StageView<'_>, step: &Step<'_>, program: &Word) -> bool {
    if program.text.ends_with(".sh") || program.text.ends_with(".bash") {
        return true;
    }
    let Some(path) = absolute(step.state.workdir.as_deref(), &program.text) else { return false };
    let Some(build) = context.build() else { return false };
    let copies = view.steps.iter().filter_map(|step| match &step.command.kind {
        Kind::Copy(copy) if copy.from.is_none() => Some((step, &copy.transfer)),
        _ => None,
    });
    let mut sources = copies.flat_map(|(step, transfer)| {
        let sources = transfer.sources.iter();
        sources.filter_map(move |source| match source {
            Source::Path(word) => Some((step, transfer, word)),
            Source::Heredoc(_) => None,
        })
    });
    sources.any(|(step, transfer, source)| {
        let name = source.text.rsplit('/').next().unwrap_or_default();
        let target = match transfer.destination.text.ends_with('/') {
            true => format!("{}{name}", transfer.destination.text),
            false => transfer.destination.text.clone(),
        };
        let same = absolute(step.state.workdir.as_deref(), &target).as_deref() == Some(path.as_str());
        let line = || build.bytes(&source.text, 256).unwrap_or_default();
        same && starts_shell(&line())
    })
}

/// `#!/bin/sh`, `#!/usr/bin/env bash`
fn starts_shell(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.starts_with("#!") && Dialect::of_shebang(line.trim_end()).is_parsed()
}

//! A heredoc says which interpreter it is for, or looks like it, and another one reads it.

use bareboat_dockerfile::heredoc::Heredoc;
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{Dialect, Execution, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "heredoc-wrong-shell",
    aliases: &[],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("heredoc-wrong-shell.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        let Some(first) = step.instruction.heredocs.first() else { continue };
        if !run.is_shell_form() {
            continue;
        }
        match is_the_script(step) {
            true => script(context, step, first, findings),
            false => input(run, findings),
        }
    }
}

/// `RUN <<EOF`: the heredoc is what runs.
fn is_the_script(step: &Step<'_>) -> bool {
    let Kind::Run(run) = &step.effective().kind else { return false };
    let bareboat_dockerfile::instruction::CommandLine::Shell(line) = &run.command else { return false };
    step.instruction.heredocs.len() == 1 && line.as_str().trim() == step.instruction.heredocs[0].word.text
}

fn script(context: &Context<'_>, step: &Step<'_>, heredoc: &Heredoc, findings: &mut Findings<'_>) {
    let source = context.file().source();
    if heredoc.shebang(source).is_some() {
        return;
    }
    let shell = step.state.shell.words.as_ref().and_then(|words| words.first().cloned());
    // What SHELL makes it read is somebody's decision.
    if shell.is_some() && !step.state.shell.dialect.is_parsed() {
        return;
    }
    let shell = shell.unwrap_or_else(|| "/bin/sh".to_owned());
    let body = heredoc.text(source);
    let mut at = 0;
    for line in body.as_str().split_inclusive('\n') {
        let text = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        if text.is_empty() || text.starts_with('#') && !text.starts_with("#!") {
            continue;
        }
        let place = body.source_span(start..start + text.len());
        if text.starts_with("#!/") {
            findings
                .report(place, format!("`{text}` is only a comment here: `{shell}` reads this"))
                .note("the line counts when it is the first one, with nothing in front of it")
                .help("move it to the first line of the heredoc");
        } else if is_python(text) {
            findings
                .report(place, format!("this looks like Python, and `{shell}` reads it"))
                .help("begin the heredoc with `#!/usr/bin/env python3`, or write `RUN python3 <<EOF`");
        }
        return;
    }
}

/// A heredoc that a shell gets as its input: `RUN bash <<EOF`.
fn input(run: &Execution<'_>, findings: &mut Findings<'_>) {
    for script in run.scripts.iter().filter(|script| !script.nested) {
        for (simple, command, _) in script.script.simple_commands() {
            let name = simple.name().unwrap_or_default();
            let program = name.rsplit('/').next().unwrap_or_default();
            let reads = SHELLS.contains(&program)
                && simple.arguments().iter().all(|word| word.literal_prefix().starts_with('-'));
            let bodies =
                command.redirections.iter().filter_map(|found| script.script.heredocs.get(found.heredoc?));
            for heredoc in bodies.filter(|_| reads) {
                let body = script.script.slice(heredoc.body.clone());
                let line = body.lines().next().unwrap_or_default().trim_end();
                if !line.starts_with("#!/") || is_for(line, program) {
                    continue;
                }
                let range = heredoc.body.start..heredoc.body.start + line.len();
                let place: Span = script.script.span(range);
                findings
                    .report(place, format!("`{line}` is only a comment here: `{program}` reads this"))
                    .help("write `RUN <<EOF`, or name the program of this line instead");
            }
        }
    }
}

/// The line names the program that reads it, or a shell that it can stand in for.
fn is_for(line: &str, program: &str) -> bool {
    let words: Vec<&str> = line.trim_start_matches("#!").split_whitespace().collect();
    let named = words
        .iter()
        .filter_map(|word| word.rsplit('/').next())
        .find(|word| *word != "env" && !word.starts_with('-'));
    named.is_none_or(|named| named == program || named == "sh" && Dialect::of_program(program).is_parsed())
}

/// `import os`, `from pathlib import Path`: no shell command has such arguments.
fn is_python(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_name = |word: &str| {
        !word.is_empty() && word.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.'))
    };
    match words.as_slice() {
        ["import", modules @ ..] => {
            let modules = modules.concat();
            // ImageMagick has a program of this name, whose files have endings.
            !modules.is_empty() && modules.split(',').all(|module| is_name(module) && !module.contains('.'))
        }
        ["from", module, "import", _, ..] => is_name(module),
        _ => false,
    }
}

const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "sh", "zsh"];

//! Something that looks like the JSON form is none.

use bareboat_dockerfile::instruction::CommandLine;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "invalid-json-form",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("invalid-json-form.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Some(CommandLine::Shell(text)) = step.execution.as_ref().map(|execution| execution.line) else {
            continue;
        };
        let written = text.as_str().trim();
        // `[ -f x ] && y` is a command of the shell.
        let inside = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_list = inside.is_some_and(is_meant_as_list);
        if !is_list {
            continue;
        }
        findings
            .report(text.span(), "this is no JSON, so the shell gets it as it stands")
            .note("the shell looks for a program called `[`, or one whose name begins with a bracket")
            .help("write it as JSON: `[\"program\", \"argument\"]`, with double quotes and commas");
    }
}

/// A comma between quotes or bare words, or a single quoted word right behind the bracket: `[ "$A" = b ]` is a command.
fn is_meant_as_list(inside: &str) -> bool {
    const QUOTES: [char; 4] = ['\'', '"', '\u{201c}', '\u{2018}'];
    let tight = !inside.starts_with(' ');
    match inside.contains(',') {
        true => tight || inside.trim_start().starts_with(QUOTES),
        false => tight && inside.starts_with(QUOTES),
    }
}

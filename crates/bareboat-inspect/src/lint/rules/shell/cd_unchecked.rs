//! What follows a failed cd runs in the wrong directory.

use std::collections::BTreeMap;

use bareboat_report::Severity;

use crate::lint::context::{ShellScript, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "cd-unchecked",
    aliases: &["SC2164"],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("cd-unchecked.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        let mut careful: BTreeMap<*const ShellScript, bool> = BTreeMap::new();
        for call in run.calls_of(&["cd", "pushd", "popd"]) {
            let Some(script) = call.script else { continue };
            let goes_up = call.arguments.first().is_some_and(|to| {
                !to.text.is_empty() && to.is_complete && to.text.chars().all(|char| matches!(char, '.' | '/'))
            });
            let mut exits = || *careful.entry(script).or_insert_with(|| exits_on_error(step, script));
            if call.context.checked || goes_up || exits() {
                continue;
            }
            findings
                .report(
                    call.span,
                    format!("when `{}` fails, the rest runs in the wrong directory", call.name),
                )
                .help("join what follows with `&&`, or begin with `set -e`");
        }
    }
}

fn exits_on_error(step: &Step<'_>, script: &ShellScript) -> bool {
    let by_shell = step.state.shell.exits_on_error && !script.file && !script.nested;
    by_shell
        || script.script.simple_commands().iter().any(|(simple, ..)| {
            let words: Vec<String> = simple.words.iter().map(|word| word.literal_prefix()).collect();
            let short =
                |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains('e');
            words.first().is_some_and(|name| name == "set")
                && words[1..].iter().any(|word| short(word) || word == "errexit")
        })
}

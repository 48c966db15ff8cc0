//! The status of a substitution is lost.

use bareboat_dockerfile::shell::{Part, Word};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "status-hidden-by-export",
    aliases: &["SC2155"],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("status-hidden-by-export.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["export", "readonly", "local", "declare", "typeset"]) {
            let Some(simple) = call.simple.filter(|_| !call.wrapped) else { continue };
            let Some(script) = call.script else { continue };
            for word in simple.arguments().iter().filter(|word| hides(word)) {
                findings
                    .report(
                        script.script.span(word.range.clone()),
                        format!("`{}` hides that the command failed", call.name),
                    )
                    .help(format!("set the variable first, then `{}` it", call.name));
            }
        }
    }
}

/// `name=$(…)`
fn hides(word: &Word) -> bool {
    let has_command = |part: &Part| match part {
        Part::Command { .. } => true,
        Part::DoubleQuoted { parts, .. } => parts.iter().any(|part| matches!(part, Part::Command { .. })),
        _ => false,
    };
    word.literal_prefix().contains('=') && word.parts.iter().any(has_command)
}

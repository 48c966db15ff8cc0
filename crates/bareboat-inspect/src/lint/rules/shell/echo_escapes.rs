//! echo with escapes that it may not know.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "echo-escapes",
    aliases: &["SC2028"],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("echo-escapes.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        for call in run.calls_of(&["echo"]) {
            let Some(script) = call.script else { continue };
            // dash always reads them.
            if script.dialect(&step.state) == crate::lint::context::Dialect::Dash {
                continue;
            }
            let expands = call
                .arguments
                .first()
                .is_some_and(|first| first.text.starts_with('-') && first.text.contains('e'));
            let escape = |text: &str| ["\\n", "\\t", "\\r"].into_iter().any(|escape| text.contains(escape));
            let Some(argument) = call.arguments.iter().find(|argument| escape(&argument.text)) else {
                continue;
            };
            if expands {
                continue;
            }
            findings
                .report(argument.span, "whether `echo` reads `\\n` depends on the shell")
                .help("use `printf`");
        }
    }
}

//! A RUN unsets a variable that ENV has set.

use bareboat_dockerfile::stages::VariableSource;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "env-unset-later",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("env-unset-later.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        // Whoever unsets it for the rest of the script knows what that does.
        let last = run.calls.last().map(|call| call.span);
        for call in run.calls_of(&["unset"]).filter(|call| Some(call.span) == last) {
            for word in &call.arguments {
                let Some((_, VariableSource::Env(_))) =
                    word.value().and_then(|name| context.variable(step, name))
                else {
                    continue;
                };
                findings
                    .report(word.span, format!("`{}` is set again in the next instruction", word.text))
                    .note("`unset` is forgotten with the shell of this `RUN`; what `ENV` set stays in the image")
                    .help("set it in the `RUN` that needs it, or use `ARG`; for a secret `RUN --mount=type=secret`");
            }
        }
    }
}

//! A file whose name begins with a dash becomes an option.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::shell::Part;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "wildcard-as-option",
    aliases: &["SC2035"],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("wildcard-as-option.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls.iter().filter(|call| !call.is(&["echo", "printf"])) {
            let (Some(script), Some(simple)) = (call.script, call.simple.filter(|_| !call.wrapped)) else {
                continue;
            };
            let words = simple.arguments().iter().take_while(|word| word.literal().as_deref() != Some("--"));
            for word in words {
                let Some(Part::Literal { text, escaped: false, .. }) = word.parts.first() else { continue };
                if !text.starts_with(['*', '?']) {
                    continue;
                }
                let span = script.script.span(word.range.clone());
                let written = script.script.slice(word.range.clone());
                let draft = findings
                    .report(span, format!("a name that begins with a dash in `{written}` is an option"));
                draft.help(format!("write `./{written}`"));
                if !script.nested {
                    draft.unsafe_fix("begin with `./`", [Edit::insert(span.start, "./")]);
                }
            }
        }
    }
}

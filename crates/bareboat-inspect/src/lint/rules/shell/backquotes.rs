//! Backquotes around a command.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::shell::{Node, Part};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "backquotes",
    aliases: &["SC2006"],
    group: Group::Shell,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("backquotes.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, script) in context.scripts() {
        let parsed = &script.script;
        parsed.walk(&mut |node, _| {
            let Node::Part(Part::Command { backquoted: true, range, .. }, ..) = node else { return };
            let span = parsed.span(range.clone());
            let draft = findings.report(span, "backquotes are hard to see and to nest");
            draft.help("write `$(…)`");
            let inside = parsed.slice(range.start + 1..range.end.saturating_sub(1));
            // Inside backquotes a backslash has a meaning of its own.
            let plain = !inside.contains(['\\', '`', '#']) && range.len() > 2 && !inside.starts_with('(');
            if plain && !script.nested {
                let (start, end) =
                    (parsed.span(range.start..range.start + 1), parsed.span(range.end - 1..range.end));
                draft.safe_fix("write `$(…)`", [Edit::replace(start, "$("), Edit::replace(end, ")")]);
            }
        });
    }
}

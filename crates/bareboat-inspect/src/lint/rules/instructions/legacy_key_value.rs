//! `ENV name value` without `=`.

use bareboat_dockerfile::instruction::Pairs;
use bareboat_dockerfile::{Edit, Instruction, Kind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "legacy-key-value",
    aliases: &["LegacyKeyValueFormat"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("legacy-key-value.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let command = step.effective();
        let (Kind::Env(pairs) | Kind::Label(pairs)) = &command.kind else { continue };
        let Some(pair) = pairs.pairs.first().filter(|_| pairs.legacy) else { continue };
        let keyword = command.keyword.text.to_uppercase();
        let draft = findings.report(pair.span, format!("`{keyword}` without `=` takes the rest of the line"));
        draft
            .note("a second `name=value` on the line becomes part of the first value")
            .help(format!("write `{}=…`", pair.name.text));
        if let Some(edit) = modern(context, step.instruction, pairs) {
            draft.safe_fix("write `name=value`", [edit]);
        }
    }
}

/// The pair with `=`, where that is certain to mean the same.
fn modern(context: &Context<'_>, instruction: &Instruction, pairs: &Pairs) -> Option<Edit> {
    let pair = pairs.pairs.first()?;
    let value = pair.value.as_ref()?;
    let text = value.text.as_str();
    let special = |text: &str| text.contains(['"', '\'']) || text.contains(context.file().escape());
    let is_quoted = ['"', '\''].into_iter().any(|quote| {
        let inside = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        inside.is_some_and(|inside| !special(inside))
    });
    let has_space = text.contains(char::is_whitespace);
    let one_line = !context.text(instruction.text_span()).contains('\n');
    if !one_line || has_space && !is_quoted && special(text) || text.is_empty() {
        return None;
    }
    let written = if has_space && !is_quoted { format!("=\"{text}\"") } else { format!("={text}") };
    Some(Edit::replace(Span::new(pair.name.span.end, value.span.end), written))
}

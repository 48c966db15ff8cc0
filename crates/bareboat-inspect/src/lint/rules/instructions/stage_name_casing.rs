//! A stage name with capitals.

use std::collections::BTreeSet;

use bareboat_dockerfile::{Edit, Span, Stage};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stage-name-casing",
    aliases: &["StageNameCasing"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("stage-name-casing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(alias) = &view.stage.from.alias else { continue };
        let written = &alias.name;
        let lower = written.text.to_lowercase();
        if written.text == lower {
            continue;
        }
        findings
            .report(written.span, format!("the stage name `{}` has capitals", written.text))
            .note("builders keep stage names in small letters, and a `FROM` with capitals does not find the stage")
            .help(format!("call it `{lower}`"))
            .safe_fix(format!("call it `{lower}` everywhere"), renamed(context, view.stage, &lower));
    }
}

/// The name and everything that refers to it in small letters.
fn renamed(context: &Context<'_>, stage: &Stage<'_>, lower: &str) -> BTreeSet<Edit> {
    let mut edits = BTreeSet::new();
    for other in &context.model().stages {
        let names = other.from.alias.iter().map(|alias| &alias.name).filter(|_| other.index == stage.index);
        let bases = [&other.from.image].into_iter().filter(|_| other.index > stage.index);
        for word in names.chain(bases).filter(|word| word.text.to_lowercase() == lower) {
            edits.insert(Edit::replace(word.span, lower));
        }
        for reference in other.references.iter().filter(|reference| reference.name.to_lowercase() == lower) {
            // The span of a mount's option has more in it than the name.
            if context.text(reference.span).ends_with(reference.name) {
                let span = Span::new(reference.span.end - reference.name.len(), reference.span.end);
                edits.insert(Edit::replace(span, lower));
            }
        }
    }
    edits
}

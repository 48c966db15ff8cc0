//! A stage that the image does not need.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stage-unreachable",
    aliases: &[],
    group: Group::Stages,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("stage-unreachable.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages().iter().filter(|view| !view.is_needed) {
        let from = &view.stage.from;
        let (span, message) = match &from.alias {
            Some(alias) => (alias.name.span, format!("the last stage does not need `{}`", alias.name.text)),
            None => (from.image.span, "the last stage does not need this one".to_owned()),
        };
        let draft = findings.report(span, message);
        match from.alias {
            Some(_) => draft.note("it is built with `--target` only").help("remove it if nobody does that"),
            None => draft.note("it has no name for `--target`, so nobody can build it").help("remove it"),
        };
    }
}

//! A label that the configuration asks for has no value.

use bareboat_report::Severity;

use super::labels;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "label-empty",
    aliases: &["DL3051"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("label-empty.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for label in labels::all(context) {
        let Some(name) = label.name.filter(|name| context.settings().labels.contains_key(name)) else {
            continue;
        };
        if label.value.is_some_and(|value| value.is_empty()) {
            findings.report(label.pair.span, format!("the label `{name}` is empty")).help("give it a value");
        }
    }
}

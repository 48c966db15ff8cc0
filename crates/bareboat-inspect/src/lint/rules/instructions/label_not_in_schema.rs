//! A label that the configuration does not know.

use bareboat_report::Severity;

use super::labels;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "label-not-in-schema",
    aliases: &["DL3050"],
    group: Group::Instructions,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("label-not-in-schema.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let settings = context.settings();
    if !settings.strict_labels {
        return;
    }
    for label in labels::all(context) {
        let Some(name) = label.name.filter(|name| !settings.labels.contains_key(name)) else { continue };
        findings
            .report(label.pair.name.span, format!("the configuration knows no label `{name}`"))
            .help("remove it, or add it to the configuration");
    }
}

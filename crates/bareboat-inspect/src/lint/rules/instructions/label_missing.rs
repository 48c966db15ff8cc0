//! A label that the configuration asks for is missing.

use bareboat_report::Severity;

use super::labels;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "label-missing",
    aliases: &["DL3049"],
    group: Group::Instructions,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("label-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Only the last stage's labels are the image's, but hadolint wants them in each.
    for view in context.stages().iter().filter(|view| view.is_final || context.as_hadolint()) {
        let chain = context.chain(view);
        let own = || chain.iter().flat_map(|link| labels::of_stage(context, link));
        // A name that is not known may be any.
        if own().any(|label| label.name.is_none()) {
            continue;
        }
        for wanted in context.settings().labels.keys() {
            if own().any(|label| label.name.as_ref() == Some(wanted)) {
                continue;
            }
            findings
                .report(view.stage.from.image.span, format!("the image has no label `{wanted}`"))
                .note("the configuration asks for it")
                .help(format!("add `LABEL {wanted}=…`"));
        }
    }
}

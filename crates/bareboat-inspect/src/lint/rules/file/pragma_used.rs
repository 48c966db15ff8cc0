//! A comment silences findings.

use bareboat_report::Severity;

use crate::lint::pragma::silencing;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "pragma-used",
    aliases: &["DL1001"],
    group: Group::File,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pragma-used.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for span in silencing(context.file()) {
        findings
            .report(span, "a comment silences findings here")
            .help("repair what is found, or silence it in the configuration");
    }
}

//! A comment silences a finding that does not exist.

use bareboat_report::Severity;

use crate::lint::{Group, Rule, Ruleset};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "unused-pragma",
    aliases: &[],
    group: Group::File,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("unused-pragma.md"),
    // Only the engine knows what each comment silenced, and reports it in this rule's name.
    check: |_, _| {},
};

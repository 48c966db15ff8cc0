//! What an external ShellCheck finds in the scripts of a file.

use bareboat_report::Severity;

use crate::lint::{Group, Rule, Ruleset};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "shellcheck",
    // Its findings bring their own codes.
    aliases: &[],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shellcheck.md"),
    // The engine asks ShellCheck, about all scripts at once, and reports in this rule's name.
    check: |_, _| {},
};

//! A label has a name that Docker keeps for itself or advises against.

use bareboat_report::Severity;

use super::labels;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "label-key",
    aliases: &["DL3048"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("label-key.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for label in labels::all(context) {
        let Some(name) = label.name else { continue };
        let Some(fault) = fault(&name) else { continue };
        findings
            .report(label.pair.name.span, format!("the label's name `{name}` {fault}"))
            .help("write it in small letters and digits, with single dots or dashes in between");
    }
}

/// What is wrong with a name ("Docker object labels": key format recommendations).
fn fault(name: &str) -> Option<&'static str> {
    let is_edge = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    let is_inner = |char: char| is_edge(char) || matches!(char, '.' | '-' | '_' | '/');
    if RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
        return Some("begins like those that Docker keeps for itself");
    }
    if !name.starts_with(|char: char| char.is_ascii_lowercase()) {
        return Some("does not begin with a small letter");
    }
    if !name.ends_with(is_edge) {
        return Some("does not end with a small letter or a digit");
    }
    if !name.chars().all(is_inner) {
        return Some("has characters other than small letters, digits, dots and dashes");
    }
    let twice = name.contains("..") || name.contains("--");
    twice.then_some("has two dots or dashes in a row")
}

const RESERVED: &[&str] = &["com.docker.", "io.docker.", "org.dockerproject."];

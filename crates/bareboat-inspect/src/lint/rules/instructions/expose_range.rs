//! A port that does not exist.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "expose-range",
    aliases: &["DL3011", "DS-0008"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("expose-range.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (port, expanded) in context.exposed() {
        let numbers = expanded.words.iter().flat_map(|word| {
            let without_protocol = word.split('/').next().unwrap_or_default();
            without_protocol.rsplit(':').next().unwrap_or_default().split('-')
        });
        for number in numbers.filter(|number| is_too_large(number)) {
            findings
                .report(port.span, format!("there is no port {number}: the last one is 65535"))
                .help("name the port that the program listens on");
        }
    }
}

fn is_too_large(number: &str) -> bool {
    let digits = number.trim_start_matches('0');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && digits.parse::<u16>().is_err()
}

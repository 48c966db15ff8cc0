//! Whether a second build would give the same bytes, as far as one image tells.

use std::collections::BTreeSet;

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "repro",
    aliases: &[],
    group: Group::Sound,
    severity: Severity::Info,
    default_on: false,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("repro.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let all: BTreeSet<i64> = facts.build_times.iter().flatten().copied().collect();
    // One time is a constant that somebody set, and a second one may stand for directories.
    if all.len() <= 2 {
        return;
    }
    let layers = facts.build_times.iter().enumerate().filter(|(_, times)| !times.is_empty());
    let layers: Vec<String> = layers.map(|(index, _)| (index + 1).to_string()).collect();
    findings
        .report(format!("a second build makes other bytes: files carry {} times of the build", count(all.len())))
        .note(format!("in layers {}; `created` is {}", layers.join(", "), facts.created.as_deref().unwrap_or("unknown")))
        .help("set `SOURCE_DATE_EPOCH`, and let the builder rewrite times: `--output type=image,rewrite-timestamp=true`");
}

fn count(number: usize) -> String {
    if number >= 1_000 { "1000 or more".to_owned() } else { number.to_string() }
}

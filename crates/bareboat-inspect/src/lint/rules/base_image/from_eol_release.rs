//! A base image stands on a release that gets no fixes any more.

use std::collections::BTreeSet;

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-eol-release",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-eol-release.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Without a day nobody knows what is over.
    let Some(today) = context.today() else { return };
    let mut seen = BTreeSet::new();
    for view in context.stages().iter().filter(|view| view.image.is_some()) {
        let written = &view.stage.from.image;
        let Some(facts) = context.base(view) else { continue };
        let Some(end) = facts.end_of_life.filter(|end| *end <= today) else { continue };
        // An image that nobody builds any more is another rule's.
        if facts.unmaintained_since.is_some_and(|since| since <= today) || !seen.insert(written.span) {
            continue;
        }
        findings
            .report(written.span, format!("what `{}` stands on gets no fixes since {end}", written.text))
            .note("holes that are found from then on stay open")
            .help("take a newer release of the distribution or the language");
    }
}

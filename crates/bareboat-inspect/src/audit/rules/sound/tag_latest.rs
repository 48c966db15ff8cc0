//! The image has a tag of its own.

use bareboat_image::Reference;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "tag-latest",
    aliases: &["DKL-DI-0006"],
    group: Group::Sound,
    severity: Severity::Info,
    default_on: false,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("tag-latest.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(tag) = &context.facts.tag else { return };
    let Ok(reference) = tag.parse::<Reference>() else { return };
    if reference.digest().is_none() && reference.tag().is_none_or(|tag| tag == "latest") {
        findings
            .report(format!("the image is only called `{}`", reference.familiar()))
            .note("nobody can tell two versions apart")
            .help("tag it with a version as well");
    }
}

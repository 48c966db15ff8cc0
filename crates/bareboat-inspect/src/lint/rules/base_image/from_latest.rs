//! A base image by the tag `latest`.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-latest",
    aliases: &["DL3007", "CKV_DOCKER_7", "DS-0001"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-latest.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(image) = &view.image else { continue };
        if image.tag.as_deref() != Some("latest") || image.digest.is_some() {
            continue;
        }
        let repository = &image.repository;
        findings
            .report(
                view.stage.from.image.span,
                format!("`{repository}:latest` is another image from time to time"),
            )
            .note("the same file builds something else the next time, or no longer builds")
            .help("name the version that this file was written for, and its digest when builds must repeat");
    }
}

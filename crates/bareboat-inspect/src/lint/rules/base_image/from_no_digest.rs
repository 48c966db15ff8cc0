//! A base image is named without its digest.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-no-digest",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("from-no-digest.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(image) = view.image.as_ref().filter(|image| image.digest.is_none()) else { continue };
        findings
            .report(view.stage.from.image.span, format!("`{}` has no digest", image.repository))
            .note("its tag may be given to another image at any time, and the build then stands on that")
            .help("write the digest behind the tag, `name:tag@sha256:…`, and let a tool renew it");
    }
}

//! A base image without a tag.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-untagged",
    aliases: &["DL3006", "CKV_DOCKER_7", "DS-0001"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-untagged.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(image) = &view.image else { continue };
        let written = &view.stage.from.image;
        // With a variable, whoever builds says which image; hadolint thinks so only where the name begins with it.
        let name = written.text.rsplit('/').next().unwrap_or_default();
        let open = written.text.contains('$') && (name.starts_with('$') || !context.as_hadolint());
        if image.tag.is_some() || image.digest.is_some() || open {
            continue;
        }
        findings
            .report(written.span, format!("`{}` has no tag, which means `latest`", written.text))
            .note("the same file builds something else the next time, or no longer builds")
            .help("name the version that this file was written for, and its digest when builds must repeat");
    }
}

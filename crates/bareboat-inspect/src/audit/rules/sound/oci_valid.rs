//! Documents and layers say what the specification asks for.

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "oci-valid",
    aliases: &[],
    group: Group::Sound,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("oci-valid.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    if !facts.has_config {
        return;
    }
    let steps = facts.history.iter().filter(|step| !step.empty_layer).count();
    if !facts.history.is_empty() && steps != facts.layers.len() {
        findings
            .report(format!("the history speaks of {steps} layers, the image has {}", facts.layers.len()))
            .note("tools cannot say which instruction made a layer");
    }
    if facts
        .platform
        .as_ref()
        .is_none_or(|platform| platform.os.is_empty() || platform.architecture.is_empty())
    {
        findings.report("the configuration names no platform").help("set `os` and `architecture`");
    }
    for (index, layer) in facts.merged.layers.iter().enumerate() {
        if let Some(first) = layer.duplicates.first() {
            let more = layer.duplicates.len();
            findings
                .report_in(index, Some(first), format!("layer {} has {more} paths more than once", index + 1))
                .note("engines keep the last, other tools the first");
        }
        let own = |path: &&TreePath| facts.merged.layer_of.get(*path) == Some(&index);
        if let Some(path) = layer.whiteouts.iter().find(own) {
            findings
                .report_in(
                    index,
                    Some(path),
                    format!("layer {} removes `{path}` and has it as well", index + 1),
                )
                .note("a whiteout means lower layers only, but not every tool knows");
        }
    }
}

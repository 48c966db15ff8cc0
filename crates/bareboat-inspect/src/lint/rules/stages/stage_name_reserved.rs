//! A stage called `scratch` or `context`.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stage-name-reserved",
    aliases: &["DL3063", "ReservedStageName"],
    group: Group::Stages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("stage-name-reserved.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(alias) = &view.stage.from.alias else { continue };
        let name = &alias.name;
        let meaning = match name.text.to_lowercase().as_str() {
            "scratch" => "the empty image",
            "context" => "the build context",
            _ => continue,
        };
        findings
            .report(name.span, format!("the stage name `{}` already means {meaning}", name.text))
            .help("give the stage another name");
    }
}

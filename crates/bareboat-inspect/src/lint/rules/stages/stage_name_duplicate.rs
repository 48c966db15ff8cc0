//! Two stages with one name.

use std::collections::BTreeMap;

use bareboat_dockerfile::Span;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stage-name-duplicate",
    aliases: &["DL3024", "DuplicateStageName", "CKV_DOCKER_11", "DS-0012"],
    group: Group::Stages,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("stage-name-duplicate.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for view in context.stages() {
        let Some(alias) = &view.stage.from.alias else { continue };
        let name = &alias.name;
        match seen.get(&name.text.to_lowercase()) {
            Some(first) => {
                findings
                    .report(name.span, format!("another stage is called `{}` already", name.text))
                    .related(*first, "this one")
                    .note("`--target` and `COPY --from` always mean the last stage of a name")
                    .help("give it another name");
            }
            None => {
                seen.insert(name.text.to_lowercase(), name.span);
            }
        }
    }
}

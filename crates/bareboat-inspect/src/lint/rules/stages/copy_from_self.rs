//! A stage that copies from itself.

use bareboat_dockerfile::stages::StageErrorKind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-from-self",
    aliases: &["DL3023", "DS-0006"],
    group: Group::Stages,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-from-self.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for error in &context.model().errors {
        let StageErrorKind::OwnStage { .. } = error.kind else { continue };
        let draft = findings.report(error.span, error.kind.to_string());
        if let Some(hint) = error.kind.hint() {
            draft.help(hint);
        }
    }
}

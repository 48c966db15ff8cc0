//! The file, or a part of it, cannot be read.

use bareboat_dockerfile::ErrorKind;
use bareboat_dockerfile::stages::StageErrorKind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(in crate::lint) static RULE: Rule = Rule {
    name: "parse-error",
    aliases: &["DL1000", "DL3043"],
    group: Group::File,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("parse-error.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for error in context.errors() {
        let draft = findings.report(error.span, error.to_string());
        let is_trigger = matches!(error.kind, ErrorKind::ForbiddenTrigger { .. });
        draft.aliases(if is_trigger { &["DL3043"] } else { &["DL1000"] });
        if error.deferred {
            draft.note("this image builds, but no image can be built on it");
        }
        if let Some(hint) = error.hint() {
            draft.help(hint);
        }
    }
    // The other errors about stages have rules of their own.
    let errors = context.model().errors.iter();
    for error in
        errors.filter(|error| matches!(error.kind, StageErrorKind::NoStage | StageErrorKind::Expand(_)))
    {
        let draft = findings.report(error.span, error.to_string());
        draft.aliases(&["DL1000"]);
        if let Some(hint) = error.kind.hint() {
            draft.help(hint);
        }
    }
}

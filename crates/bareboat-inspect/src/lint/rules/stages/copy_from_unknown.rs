//! COPY from a stage that does not exist.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::stages::{Origin, Reference, ReferenceKind, StageErrorKind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-from-unknown",
    aliases: &["DL3022"],
    group: Group::Stages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-from-unknown.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for error in &context.model().errors {
        if let StageErrorKind::LaterStage { .. } | StageErrorKind::NoSuchNumber { .. } = error.kind {
            let draft = findings.report(error.span, error.kind.to_string());
            draft.severity(Severity::Error);
            if let Some(hint) = error.kind.hint() {
                draft.help(hint);
            }
        }
    }
    for view in context.stages() {
        let copies = view.stage.references.iter().filter(|reference| reference.kind == ReferenceKind::Copy);
        for reference in copies {
            if let Origin::Image(name) = &reference.origin {
                image(context, view.index, reference, name, findings);
            }
        }
    }
}

/// Reports what is taken for an image and probably meant to be a stage.
fn image(
    context: &Context<'_>,
    stage: usize,
    reference: &Reference<'_>,
    name: &str,
    findings: &mut Findings<'_>,
) {
    if name.contains([':', '@']) || name == "scratch" {
        return;
    }
    let earlier = context.model().stages.iter().take(stage).filter_map(|stage| stage.name.as_deref());
    let close = context.suggest(name, earlier);
    // A path is an image; a single word may be one, or a context of `--build-context`. hadolint knows neither.
    let exact = context.as_hadolint();
    if name.contains('/') && close.is_none() && !exact {
        return;
    }
    let draft = findings.report(reference.span, format!("no stage above is called `{name}`"));
    match close {
        Some(close) => {
            let edit = Edit::replace(reference.span, close);
            draft.help(format!("did you mean `{close}`?")).unsafe_fix(format!("write `{close}`"), [edit]);
        }
        None => {
            draft
                .severity(Severity::Info)
                .note("it is taken for an image without tag, or for a context of `--build-context`")
                .help("if it is an image, name its version too");
        }
    }
}

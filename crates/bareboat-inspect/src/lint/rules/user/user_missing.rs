//! The image runs as root because nobody said otherwise.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-missing",
    aliases: &["CKV_DOCKER_3", "DS-0002"],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let base_is_root = context.base(view).and_then(|base| base.runs_as_root()) == Some(true);
    if view.end.user.is_some() || !base_is_root || has_user(context, view) {
        return;
    }
    let from = &view.stage.from.image;
    let draft =
        findings.report(from.span, format!("nothing says who runs this image: `{}` runs as root", from.text));
    draft
        .note("whoever breaks into the program is root in the container, with its files and its capabilities")
        .help(match is_distroless(context, view) {
            true => "take the tag `nonroot`, or end with `USER 65532`",
            false => "end with `USER 65532`, or another number that owns what the program writes",
        });
    let first = view.steps.iter().find(|step| {
        !step.triggered
            && matches!(step.command.kind, Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Healthcheck(_))
    });
    // Everything after CMD would run as that user too; behind the last RUN it is what people mean.
    let last_work = view.steps.iter().rfind(|step| {
        !step.triggered
            && matches!(step.command.kind, Kind::Run(_) | Kind::Copy(_) | Kind::Add(_) | Kind::Workdir(_))
    });
    let edit = match (first, last_work) {
        (Some(first), work) if work.is_none_or(|work| work.position < first.position) => {
            context.insert_above(first.instruction, &user(context, view))
        }
        (_, Some(work)) => context.insert_below(work.instruction, &user(context, view)),
        _ => context.insert_below(view.stage.instruction, &user(context, view)),
    };
    draft.unsafe_fix("run as user 65532", [edit]);
}

/// Each of these images has a tag that is the same with another user and working directory.
fn is_distroless(context: &Context<'_>, view: &StageView<'_>) -> bool {
    let family = context.base(view).and_then(|base| base.family.as_deref());
    family.is_some_and(|family| family.starts_with("distroless/"))
}

/// A USER that does not expand sets nothing in the model, but its author has thought of it.
fn has_user(context: &Context<'_>, view: &StageView<'_>) -> bool {
    context
        .chain(view)
        .into_iter()
        .flat_map(|stage| &stage.steps)
        .any(|step| matches!(step.command.kind, Kind::User(_)))
}

fn user(context: &Context<'_>, view: &StageView<'_>) -> String {
    format!("{} 65532:65532", context.keyword_like(view.stage.instruction, "USER"))
}

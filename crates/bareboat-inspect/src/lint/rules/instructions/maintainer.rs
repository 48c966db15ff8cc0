//! MAINTAINER instead of a label.

use bareboat_dockerfile::{Edit, Kind, PieceKind};
use bareboat_report::Severity;

use crate::lint::context::Step;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "maintainer",
    aliases: &["DL4000", "MaintainerDeprecated", "CKV_DOCKER_6", "DS-0022"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("maintainer.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Maintainer(name) = &step.command.kind else { continue };
        let draft = findings.report(step.instruction.text_span(), "`MAINTAINER` is deprecated");
        draft
            .help("write `LABEL org.opencontainers.image.authors=\"…\"`, which registries and scanners read");
        if step.instruction.pieces.iter().any(|piece| piece.kind == PieceKind::Comment) {
            continue;
        }
        draft.safe_fix("replace it by a label", [label(context, step, &name.text)]);
    }
}

fn label(context: &Context<'_>, step: &Step<'_>, name: &str) -> Edit {
    let keyword = context.keyword_like(step.instruction, "LABEL");
    let value =
        context.quoted(name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name));
    let text = format!("{keyword} org.opencontainers.image.authors={value}");
    Edit::replace(step.instruction.text_span(), text)
}

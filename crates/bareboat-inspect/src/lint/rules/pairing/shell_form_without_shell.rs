//! Shell form in an image without a shell.

use bareboat_dockerfile::instruction::CommandLine;
use bareboat_dockerfile::{Edit, Kind, PieceKind};
use bareboat_report::Severity;

use super::base;
use super::opaque::may_bring_programs;
use crate::knowledge::ShellFacts;
use crate::lint::context::{StageView, Step};
use crate::lint::rules::instructions::as_json;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "shell-form-without-shell",
    aliases: &["P07"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shell-form-without-shell.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps().filter(|(_, step)| !step.is_onbuild()) {
        let Some(CommandLine::Shell(text)) = step.execution.as_ref().map(|execution| execution.line) else {
            continue;
        };
        let no_shell = context.base(view).and_then(|facts| facts.shell) == Some(ShellFacts::Absent);
        if !no_shell || step.state.shell.words.is_some() || may_bring_programs(context, view) {
            continue;
        }
        let kind = &step.command.kind;
        let name = step.command.keyword.text.to_uppercase();
        let image = base::image(context, view);
        let message = format!("`{name}` in shell form needs `/bin/sh`, and `{image}` has none");
        let draft = findings.report(text.span(), message);
        draft.note(happens(context, view, kind));
        if matches!(kind, Kind::Run(_)) {
            draft.help("do this in an earlier stage with a shell, and COPY the result");
            continue;
        }
        draft.help("write the JSON form: `[\"program\", \"argument\"]`");
        let has_comment = step.instruction.pieces.iter().any(|piece| piece.kind == PieceKind::Comment);
        let json = step.execution.as_ref().and_then(as_json).filter(|_| !has_comment);
        if let Some(json) = json.filter(|_| fits(context, view, step)) {
            draft.safe_fix("write the JSON form", [Edit::replace(text.span(), json)]);
        }
    }
}

/// As arguments of an inherited ENTRYPOINT the words would mean something else.
fn fits(context: &Context<'_>, view: &StageView<'_>, step: &Step<'_>) -> bool {
    let inherited = context.base(view).and_then(|facts| facts.entrypoint.as_ref());
    !step.triggered && (!matches!(step.command.kind, Kind::Cmd(_)) || inherited.is_some_and(Vec::is_empty))
}

fn happens(context: &Context<'_>, view: &StageView<'_>, kind: &Kind) -> String {
    let inherited = context.base(view).and_then(|facts| facts.entrypoint.as_ref());
    match inherited.and_then(|words| words.first()) {
        Some(program) if matches!(kind, Kind::Cmd(_)) => {
            format!("`{program}` gets `/bin/sh -c …` as its arguments and finds no such file")
        }
        _ => "`exec: \"/bin/sh\": stat /bin/sh: no such file or directory`".to_owned(),
    }
}

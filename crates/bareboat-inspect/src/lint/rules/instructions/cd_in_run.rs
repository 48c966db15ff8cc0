//! `cd` in RUN where WORKDIR would do.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::shell::{CommandKind, Script};
use bareboat_report::Severity;

use crate::lint::context::{Call, Execution, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "cd-in-run",
    aliases: &["DL3003", "DS-0013"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("cd-in-run.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        // What happens inside `$(…)` stays there.
        let mut calls = run.calls_of(&["cd"]).filter(|call| !call.context.in_substitution);
        let Some(call) = calls.next() else { continue };
        let draft = findings.report(call.span, "`cd` lasts until the end of this `RUN` only");
        if run.calls.len() == 1 {
            draft.note("the next instruction starts in the old directory again, so this does nothing");
        }
        draft.help("set the directory with `WORKDIR`");
        if !step.triggered
            && !step.is_onbuild()
            && let Some(edits) = workdir(context, step, run, call)
        {
            draft.unsafe_fix("set the directory with `WORKDIR`, for what follows too", edits);
        }
    }
}

/// `RUN cd /x && rest` becomes `WORKDIR /x` and `RUN rest`; `RUN cd /x` becomes `WORKDIR /x`.
fn workdir(
    context: &Context<'_>,
    step: &Step<'_>,
    run: &Execution<'_>,
    call: &Call<'_>,
) -> Option<Vec<Edit>> {
    let script = &run.scripts.first().filter(|script| !script.nested && !script.file)?.script;
    let [directory] = &call.arguments[..] else { return None };
    // Only what WORKDIR reads as the shell does: no variables, no quotes, no white space.
    let plain = directory.word?.is_bare() && directory.is_complete && directory.text.starts_with('/');
    if !plain || !step.instruction.heredocs.is_empty() || directory.text.contains(['$', '*', '?', '[']) {
        return None;
    }
    let workdir = format!("{} {}", context.keyword_like(step.instruction, "WORKDIR"), directory.text);
    match rest(script, call)? {
        Rest::Nothing => Some(vec![Edit::replace(step.instruction.text_span(), workdir)]),
        Rest::At(start) => Some(vec![
            context.insert_above(step.instruction, &workdir),
            Edit::remove(bareboat_dockerfile::Span::new(call.span.start, start)),
        ]),
    }
}

enum Rest {
    Nothing,
    /// What follows the `&&` starts at this byte of the file.
    At(usize),
}

/// What comes after `call` when it is the script's first command and the rest hangs on it with `&&`.
fn rest(script: &Script, call: &Call<'_>) -> Option<Rest> {
    let [and_or] = &script.body.items[..] else { return None };
    let [command] = &and_or.first.commands[..] else { return None };
    let CommandKind::Simple(simple) = &command.kind else { return None };
    let is_first = call.simple.is_some_and(|own| std::ptr::eq(own, simple));
    if !is_first || !command.redirections.is_empty() || !simple.assignments.is_empty() || and_or.background {
        return None;
    }
    match and_or.rest.first() {
        None => Some(Rest::Nothing),
        Some((operator, _)) if operator.or => None,
        Some((_, next)) => Some(Rest::At(script.span(next.range.clone()).start)),
    }
}

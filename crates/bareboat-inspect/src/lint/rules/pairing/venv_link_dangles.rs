//! A virtual environment is linked to an interpreter that the image does not have.

use bareboat_dockerfile::instruction::CommandLine;
use bareboat_report::Severity;

use super::arrival::{Arrival, arrivals, below};
use super::base;
use super::content::{Content, brings_python, content, venv};
use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "venv-link-dangles",
    aliases: &["P04"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("venv-link-dangles.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    // Where the image's Python is; without that nothing is known.
    let own = runtime.interpreter.as_ref().filter(|found| found.kind == "python");
    let Some(here) = own.and_then(|found| directory(found.path.as_deref()?)) else { return };
    let arrivals = arrivals(context, view);
    if brings_python(&arrivals) {
        return;
    }
    for arrival in &arrivals {
        let Some(Content::Packages { directory: made, venv: true }) = content(context, arrival) else {
            continue;
        };
        let Some(there) = linked_to(context, arrival) else { continue };
        let Some(rest) = below(&made, &arrival.source) else { continue };
        let target = format!("{}{rest}", arrival.target);
        if there == here || !starts_from(context, view, &target) {
            continue;
        }
        let image = base::image(context, view);
        findings
            .report(
                arrival.span,
                format!(
                    "`{target}/bin/python` is a link into `{there}`, and `{image}` has Python in `{here}`"
                ),
            )
            .note(format!("`exec {target}/bin/…: no such file or directory`, although the file is there"))
            .help(format!(
                "make it with the path that the image has: `RUN ln -s {there}/python3 {here}/python3`, then \
                 `{here}/python3 -m venv {made}`; `--copies` does not help"
            ));
    }
}

fn directory(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(directory, _)| directory)
}

/// The directory of the interpreter that made the environment.
fn linked_to(context: &Context<'_>, arrival: &Arrival<'_, '_>) -> Option<String> {
    let steps = context.chain(arrival.maker).into_iter().flat_map(|link| &link.steps);
    let mut calls = steps.filter_map(|step| step.run()).flat_map(|run| &run.calls);
    let call = calls.rfind(|call| venv(call).is_some())?;
    let program = call.program.value()?;
    // uv and virtualenv may be told, or choose themselves.
    if !call.name.starts_with("python") {
        return None;
    }
    if program.starts_with('/') {
        return directory(program).map(str::to_owned);
    }
    let maker = context.base(arrival.maker)?.interpreter.as_ref()?;
    directory(maker.path.as_deref()?).map(str::to_owned)
}

/// True when the last stage starts something in the environment's `bin`, by its path or by way of PATH.
fn starts_from(context: &Context<'_>, view: &StageView<'_>, target: &str) -> bool {
    let bin = format!("{target}/bin");
    let entrypoint = base::last(context, view, base::entrypoint);
    let command = base::last(context, view, base::command);
    let inherits =
        context.base(view).and_then(|facts| facts.entrypoint.as_ref()).is_none_or(|words| !words.is_empty());
    // A CMD behind an ENTRYPOINT is its arguments.
    let starts = entrypoint.or(command.filter(|_| !inherits));
    let Some((_, CommandLine::Exec(words))) = starts else { return false };
    let Some(first) = words.first() else { return false };
    let on_path = || {
        let path = base::environment(context, view, "PATH").unwrap_or_default();
        path.split(':').next() == Some(bin.as_str())
    };
    below(&first.text, &bin).is_some() || !first.text.contains('/') && on_path()
}

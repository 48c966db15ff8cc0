//! Python packages where the runtime does not look.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::arrival::{Arrival, absolute, below};
use super::base;
use super::content::{Content, brings_python, content};
use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "packages-off-path",
    aliases: &["P03"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("packages-off-path.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    let Some(paths) = runtime.interpreter.as_ref().and_then(|found| found.package_paths.as_ref()) else {
        return;
    };
    let arrivals = arrivals(context, view);
    if brings_python(&arrivals) || base::python_minor(runtime).is_none() {
        return;
    }
    for arrival in &arrivals {
        let Some(target) = packages_target(context, arrival) else { continue };
        if paths.contains(&target) || is_searched(context, view, &target) {
            continue;
        }
        let image = base::image(context, view);
        let draft = findings
            .report(arrival.span, format!("Python in `{image}` does not look for packages in `{target}`"));
        draft.note("`ModuleNotFoundError: No module named …` for every package in there");
        if let Some(local) = paths.iter().find(|path| path.ends_with("/dist-packages")) {
            draft.note(format!("Debian's Python has no `site-packages`; it looks in `{local}`"));
        }
        draft.help(format!("add `ENV PYTHONPATH={target}` to the last stage"));
        // A variable that is there already wants another place in it, and another version another path.
        let same = arrival.made_on(context).and_then(base::python_minor) == base::python_minor(runtime);
        if let Some(step) = base::step_at(view, arrival.span).filter(|_| same)
            && !base::sets(context, view, "PYTHONPATH")
        {
            let line = format!("{} PYTHONPATH={target}", context.keyword_like(step.instruction, "ENV"));
            draft.unsafe_fix("let Python look there", [context.insert_below(step.instruction, &line)]);
        }
    }
}

/// Where the directory of the packages is in the last stage, when it arrives alone.
fn packages_target(context: &Context<'_>, arrival: &Arrival<'_, '_>) -> Option<String> {
    let Content::Packages { directory, venv: false } = content(context, arrival)? else { return None };
    let rest = below(&directory, &arrival.source)?;
    Some(format!("{}{rest}", arrival.target))
}

/// PYTHONPATH has it, or it is where the program starts: `-m` looks there, and so does a script in it.
fn is_searched(context: &Context<'_>, view: &StageView<'_>, target: &str) -> bool {
    let variable = base::environment(context, view, "PYTHONPATH").unwrap_or_default();
    let mut listed = variable.split(':').filter_map(|path| absolute(Some("/"), path));
    let workdir = view.end.workdir.as_deref().and_then(|path| absolute(Some("/"), path));
    // A workdir that is not known, or a variable that is not, could be it.
    let unknown = workdir.is_none() || variable.contains('$');
    unknown
        || listed.any(|path| path == target)
        || workdir.as_deref() == Some(target)
        || starts_in(context, view, target)
}

fn starts_in(context: &Context<'_>, view: &StageView<'_>, target: &str) -> bool {
    let lines = [base::last(context, view, base::entrypoint), base::last(context, view, base::command)];
    let calls = lines.into_iter().flatten().filter_map(|(step, _)| Some((step, step.execution.as_ref()?)));
    let words = calls.flat_map(|(step, execution)| {
        let calls = execution.calls.iter();
        let words = calls.flat_map(|call| [&call.program].into_iter().chain(&call.arguments));
        words.map(move |word| (step, word))
    });
    let mut scripts = words.filter(|(_, word)| word.text.ends_with(".py"));
    scripts.any(|(step, word)| {
        let path = absolute(step.state.workdir.as_deref(), &word.text);
        path.and_then(|path| path.rsplit_once('/').map(|(parent, _)| parent == target)).unwrap_or(true)
    })
}

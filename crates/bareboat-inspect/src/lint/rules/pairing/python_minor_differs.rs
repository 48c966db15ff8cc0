//! Packages installed by one Python and run by another.

use bareboat_dockerfile::{Edit, Span};
use bareboat_report::Severity;

use super::arrival::{Arrival, arrivals};
use super::base;
use super::content::{Content, brings_python, content};
use super::native::{Nature, nature};
use crate::lint::context::StageView;
use crate::lint::{Context, Draft, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "python-minor-differs",
    aliases: &["P02"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("python-minor-differs.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runs) = base::python_of(context, view) else { return };
    let arrivals = arrivals(context, view);
    // Who copies the interpreter too has a Python of their own.
    if brings_python(&arrivals) {
        return;
    }
    for arrival in &arrivals {
        let Some(builds) = base::python_of(context, arrival.maker) else { continue };
        if builds == runs {
            continue;
        }
        let Some(Content::Packages { directory, venv }) = content(context, arrival) else { continue };
        let in_path = venv || directory.contains("/lib/python3.");
        let nature = nature(context, arrival.maker);
        if !in_path && nature == Nature::Pure {
            continue;
        }
        let image = base::image(context, view);
        let message =
            format!("Python 3.{builds} installed these packages, but `{image}` runs Python 3.{runs}");
        let draft = findings.report(arrival.span, message);
        if in_path {
            draft.note(format!(
                "`ModuleNotFoundError: No module named …`: Python 3.{runs} does not look into `python3.{builds}` \
                 directories, and takes no compiled module made for 3.{builds}"
            ));
        } else if nature == Nature::Native {
            draft.note(format!(
                "modules compiled for 3.{builds} are not found: `ModuleNotFoundError: No module named …`"
            ));
        } else {
            draft.severity(Severity::Warning).note(format!(
                "modules compiled for 3.{builds} are passed over: packages with a pure Python substitute \
                 (MarkupSafe, PyYAML) run slower, all others fail with `ModuleNotFoundError`"
            ));
        }
        help(context, draft, arrival, (builds, runs));
    }
}

/// Tells what to build on, and changes the builder where that is enough.
fn help(context: &Context<'_>, draft: &mut Draft, arrival: &Arrival<'_, '_>, (builds, runs): (u16, u16)) {
    let Some(view) = context.final_stage() else { return };
    let runtime = context.base(view);
    let Some(builder) = runtime.and_then(base::matching_python) else {
        draft.help(format!("build with Python 3.{runs}"));
        return;
    };
    draft.help(format!("build on `{builder}`"));
    // An image that nobody builds any more is replaced first.
    let stays = runtime.is_some_and(|runtime| runtime.unmaintained_since.is_none());
    if let Some(edit) = base::rebuild_on(context, arrival.maker, &builder).filter(|_| stays) {
        let moved = paths(context, view, arrival, builds, runs);
        draft.unsafe_fix(format!("build on `{builder}`"), [edit].into_iter().chain(moved));
    }
}

/// `python3.12` in the words of the COPY becomes `python3.13`, both where the files are now and where they go.
fn paths(
    context: &Context<'_>,
    view: &StageView<'_>,
    arrival: &Arrival<'_, '_>,
    from: u16,
    to: u16,
) -> Vec<Edit> {
    let Some(step) = base::step_at(view, arrival.span) else { return Vec::new() };
    let whole = step.instruction.text_span();
    let text = context.text(whole);
    let (old, new) = (format!("/python3.{from}/"), format!("/python3.{to}/"));
    // What is not UTF-8 has other places.
    if text.len() != whole.len() {
        return Vec::new();
    }
    let places =
        text.match_indices(&old).map(|(at, _)| Span::new(whole.start + at, whole.start + at + old.len()));
    places.map(|place| Edit::replace(place, new.clone())).collect()
}

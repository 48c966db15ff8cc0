//! A script of a Python package is named as program, and is not there.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::instruction::CommandLine;
use bareboat_report::Severity;

use super::base;
use super::opaque::may_bring_programs;
use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "console-script-not-found",
    aliases: &["P05"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("console-script-not-found.md"),
    check,
};

/// Scripts that a module of the same name does the work of: `python -m NAME`.
const SCRIPTS: &[&str] = &["celery", "fastapi", "flask", "gunicorn", "hypercorn", "streamlit", "uvicorn"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let is_python = context.base(view).and_then(base::python_minor).is_some();
    if !is_python {
        return;
    }
    if let Some((step, words, entrypoint)) = base::arguments_of_base(context, view) {
        let Some((first, program)) = words.first().zip(entrypoint.first()) else { return };
        if !SCRIPTS.contains(&first.text.as_str()) || !program.contains("/python3") {
            return;
        }
        let message = format!("`{}` is an argument here: the image's ENTRYPOINT is `{program}`", first.text);
        let workdir = view.end.workdir.as_deref().unwrap_or_default().trim_end_matches('/');
        let draft = findings.report(first.span, message);
        draft
            .note(format!(
                "`can't open file '{workdir}/{}': [Errno 2] No such file or directory`",
                first.text
            ))
            .help(format!("start the module: `[\"-m\", \"{}\", …]`", first.text));
        if step.stage == view.index && !step.triggered {
            draft.unsafe_fix("start the module", [Edit::insert(first.span.start, "\"-m\", ")]);
        }
        return;
    }
    own_entrypoint(context, view, findings);
}

fn own_entrypoint(context: &Context<'_>, view: &StageView<'_>, findings: &mut Findings<'_>) {
    let Some((_, CommandLine::Exec(words))) = base::last(context, view, base::entrypoint) else { return };
    let Some(first) = words.first().filter(|word| SCRIPTS.contains(&word.text.as_str())) else { return };
    let absent = context.base(view).and_then(|facts| facts.tools.has(&first.text)) == Some(false);
    if !absent || may_bring_programs(context, view) || base::sets(context, view, "PATH") {
        return;
    }
    let image = base::image(context, view);
    findings
        .report(first.span, format!("`{}` is not in `{image}`", first.text))
        .note(format!("`exec: \"{}\": executable file not found in $PATH`", first.text))
        .help(format!("start the module: `[\"/usr/bin/python3\", \"-m\", \"{}\", …]`", first.text));
}

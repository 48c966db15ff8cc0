//! A file is copied that only one RUN reads, where a mount would do.

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "bind-mount-instead",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("bind-mount-instead.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let own = view.steps.iter().filter(|step| !step.is_onbuild() && !step.triggered);
        let copies = own.filter_map(|step| Some((step, temporary(context, step)?)));
        for (step, (source, path)) in copies.take(MOST_COPIES) {
            let Some(reader) = only_reader(view, step, &path) else { continue };
            findings
                .report(
                    step.instruction.text_span(),
                    format!("one `RUN` reads `{path}`, and it stays in the image"),
                )
                .related(reader, "the only one that does")
                .help(format!(
                    "leave this out, and write `RUN --mount=type=bind,source={source},target={path}`"
                ));
        }
    }
}

/// Of each the rest of the stage is searched; no honest stage has more.
const MOST_COPIES: usize = 20;

/// The source and the path of a file that a COPY from the build context puts below `/tmp`.
fn temporary(context: &Context<'_>, step: &Step<'_>) -> Option<(String, String)> {
    let Kind::Copy(copy) = &step.command.kind else { return None };
    let [Source::Path(source)] = copy.transfer.sources.as_slice() else { return None };
    let source = context.expand(step, &source.text).ok()?.text;
    let target = context.expand(step, &copy.transfer.destination.text).ok()?.text;
    let name = source.rsplit('/').next()?;
    let plain = !source.contains(['*', '?', '[', ',']) && !name.is_empty() && name != ".";
    if copy.from.is_some() || copy.parents || !plain || !target.starts_with("/tmp/") {
        return None;
    }
    let path = if target.ends_with('/') { format!("{target}{name}") } else { target };
    Some((source, path))
}

/// The RUN that names `path`, when it is the only instruction below `copy` that does.
fn only_reader(view: &StageView<'_>, copy: &Step<'_>, path: &str) -> Option<Span> {
    let later = view.steps.iter().filter(|step| step.position > copy.position);
    let mut naming = later.filter(|step| {
        step.instruction.text.as_str().contains(path) || !step.instruction.heredocs.is_empty()
    });
    let reader = naming.next().filter(|_| naming.next().is_none())?;
    let run = reader.run().filter(|_| !reader.is_onbuild())?;
    let mut words = run.calls.iter().flat_map(|call| &call.arguments);
    words.any(|word| word.text.contains(path)).then(|| reader.instruction.text_span())
}

//! A RUN makes a file executable that COPY has brought.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::context::{Call, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-then-chmod",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-then-chmod.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let mut copied: BTreeMap<String, &Step<'_>> = BTreeMap::new();
        for step in view.steps.iter().filter(|step| !step.is_onbuild() && !step.triggered) {
            if let Some(path) = copied_file(context, step) {
                copied.insert(path, step);
            }
            let Some(run) = step.run() else { continue };
            for (call, path) in run.calls.iter().filter_map(|call| Some((call, made_executable(step, call)?)))
            {
                let Some(copy) = copied.get(&path) else { continue };
                let draft = findings
                    .report(call.span, format!("`COPY --chmod` would do this without a layer for `{path}`"));
                draft
                    .related(copy.instruction.text_span(), "it is copied here")
                    .note("a file whose mode changes is stored a second time")
                    .help("write `COPY --chmod=755`");
                let alone = run.calls.len() == 1 && run.mounts.is_empty() && run.is_shell_form();
                if alone && copy.command.flag("chmod").is_none() {
                    let flag = Edit::insert(copy.command.keyword.span.end, " --chmod=755");
                    draft.unsafe_fix(
                        "copy with `--chmod=755`",
                        [flag, context.remove_instruction(step.instruction)],
                    );
                }
            }
        }
    }
}

/// The only path of a `chmod +x`. Modes in numbers are `chown-layer-copy`'s.
fn made_executable(step: &Step<'_>, call: &Call<'_>) -> Option<String> {
    if !call.is(&["chmod"]) || call.wrapped {
        return None;
    }
    let options = call.options(&grammar::PLAIN);
    let [mode, path] = options.operands.as_slice() else { return None };
    let adds = matches!(mode.value()?, "+x" | "a+x" | "ugo+x" | "+rx" | "a+rx");
    (adds && options.options.is_empty()).then(|| absolute(step, path.value()?)).flatten()
}

/// Where a COPY of one file puts it. Without `/` at its end the target is taken for the file.
fn copied_file(context: &Context<'_>, step: &Step<'_>) -> Option<String> {
    let Kind::Copy(copy) = &step.command.kind else { return None };
    let [Source::Path(source)] = copy.transfer.sources.as_slice() else { return None };
    let source = context.expand(step, &source.text).ok()?.text;
    let target = context.expand(step, &copy.transfer.destination.text).ok()?.text;
    let name = source.rsplit('/').next()?;
    if copy.parents || name.is_empty() || source.contains(['*', '?', '[']) {
        return None;
    }
    match target.ends_with('/') || target == "." {
        true => absolute(step, &format!("{}/{name}", target.trim_end_matches('/'))),
        false => absolute(step, &target),
    }
}

fn absolute(step: &Step<'_>, path: &str) -> Option<String> {
    let full = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{}/{path}", step.state.workdir.as_deref()?),
    };
    let parts: Vec<&str> = full.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let plain = !full.contains(['*', '?', '[']) && !parts.contains(&"..") && !parts.is_empty();
    plain.then(|| format!("/{}", parts.join("/")))
}

//! A RUN only changes owner or mode of files that COPY has just brought.

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Command, Edit, Kind};
use bareboat_report::Severity;

use crate::lint::context::{Call, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "chown-layer-copy",
    aliases: &[],
    group: Group::Size,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("chown-layer-copy.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages().iter().filter(|view| view.is_final || view.is_reused) {
        for pair in view.steps.windows(2) {
            let [first, second] = pair else { continue };
            if first.is_onbuild() || second.is_onbuild() || first.triggered || second.triggered {
                continue;
            }
            let Some((flag, value, call)) = change(second) else { continue };
            if !is_copied(context, first, second, call) {
                continue;
            }
            let place = call.span;
            let draft = findings.report(place, "every file that was copied is stored a second time");
            draft
                .related(first.instruction.text_span(), "they were copied here")
                .note("a file whose owner or mode changes goes into the new layer as a whole")
                .help(format!("write `{} --{flag}={value} …`", first.command.keyword.text));
            if flag == "chown" && first.command.flag("chown").is_none() && is_alone(second) {
                let at = first.command.keyword.span.end;
                draft.unsafe_fix(
                    format!("copy with `--{flag}`"),
                    [
                        Edit::insert(at, format!(" --{flag}={value}")),
                        context.remove_instruction(second.instruction),
                    ],
                );
            }
        }
    }
}

/// The flag of COPY that does what a call does, its value, and the call.
fn change<'s, 'a>(step: &'s Step<'a>) -> Option<(&'static str, &'s str, &'s Call<'a>)> {
    let call = step.run()?.calls.iter().find(|call| call.is(&["chown", "chmod"]) && !call.wrapped)?;
    let flag = if call.is(&["chown"]) { "chown" } else { "chmod" };
    let value = call.arguments.iter().find(|word| !word.text.starts_with('-'))?.value()?;
    // `u+x` is for COPY no mode.
    let takes = flag == "chown" || value.bytes().all(|byte| byte.is_ascii_digit());
    takes.then_some((flag, value, call))
}

fn is_alone(step: &Step<'_>) -> bool {
    step.run().is_some_and(|run| run.calls.len() == 1 && run.mounts.is_empty())
}

/// True when the call's only path is where the COPY puts something.
fn is_copied(context: &Context<'_>, first: &Step<'_>, second: &Step<'_>, call: &Call<'_>) -> bool {
    let transfer = match &first.command.kind {
        Kind::Copy(copy) => &copy.transfer,
        Kind::Add(add) => &add.transfer,
        _ => return false,
    };
    let options = call.options(&grammar::PLAIN);
    let [_, path] = options.operands.as_slice() else { return false };
    let Some(path) = path.value() else { return false };
    let Ok(target) = context.expand(first, &transfer.destination.text) else { return false };
    let whole = |step: &Step<'_>, path: &str| match path.starts_with('/') {
        true => Some(path.trim_end_matches('/').to_owned()),
        false => {
            let directory = step.state.workdir.as_deref()?.trim_end_matches('/');
            Some(format!("{directory}/{}", path.trim_start_matches("./").trim_matches(['.', '/'])))
                .map(|path| path.trim_end_matches('/').to_owned())
        }
    };
    let (Some(target), Some(path)) = (whole(first, &target.text), whole(second, path)) else { return false };
    let many = options.has(&["-R", "--recursive"]);
    let single = single_file(first.command).map(|name| format!("{target}/{name}"));
    !path.is_empty() && (path == target && (many || single.is_none()) || single.as_deref() == Some(&path))
}

/// The name of the only file that is copied into a directory.
fn single_file(command: &Command) -> Option<&str> {
    let (Kind::Copy(bareboat_dockerfile::instruction::Copy { transfer, .. })
    | Kind::Add(bareboat_dockerfile::instruction::Add { transfer, .. })) = &command.kind
    else {
        return None;
    };
    let [Source::Path(source)] = transfer.sources.as_slice() else { return None };
    let name = source.text.rsplit('/').next()?;
    (transfer.destination.text.ends_with('/') && name.contains('.') && name != ".").then_some(name)
}

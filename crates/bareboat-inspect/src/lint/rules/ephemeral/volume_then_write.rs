//! RUN writes below a VOLUME.

use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "volume-then-write",
    aliases: &[],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("volume-then-write.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let mut volumes: Vec<(String, Span)> = Vec::new();
        for step in context.chain(view).into_iter().flat_map(|stage| &stage.steps) {
            match &step.command.kind {
                Kind::Volume(paths) => {
                    let expanded = paths.iter().filter_map(|path| {
                        let text = context.expand(step, &path.text).ok()?.text;
                        Some((text.trim_end_matches('/').to_owned(), path.span))
                    });
                    volumes.extend(expanded.filter(|(path, _)| path.starts_with('/')));
                }
                Kind::Run(_) if step.stage == view.index => run(step, &volumes, findings),
                _ => {}
            }
        }
    }
}

fn run(step: &Step<'_>, volumes: &[(String, Span)], findings: &mut Findings<'_>) {
    let Some(execution) = step.run() else { return };
    for call in execution.calls_of(WRITERS) {
        let options = call.options(&grammar::PLAIN);
        // Of copying and moving only the target is written.
        let written = match call.is(&["cp", "mv", "install", "ln"]) {
            true => options.operands.len().saturating_sub(1),
            false => 0,
        };
        for path in options.operands.iter().skip(written).filter(|operand| operand.is_complete) {
            let below = |volume: &&(String, Span)| {
                path.text.strip_prefix(&volume.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if let Some((volume, declared)) = volumes.iter().find(below) {
                findings
                    .report(path.span, format!("`{}` is below the volume `{volume}`", path.text))
                    .related(*declared, "declared here")
                    .note("some builders throw away what is written below a volume after its declaration")
                    .help("move `VOLUME` below this `RUN`");
            }
        }
    }
}

/// Programs whose operands are files that they make or change.
const WRITERS: &[&str] = &["chmod", "chown", "cp", "install", "ln", "mkdir", "mv", "touch"];

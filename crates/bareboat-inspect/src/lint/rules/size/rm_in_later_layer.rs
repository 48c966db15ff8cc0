//! A RUN deletes files that an earlier instruction put into a layer.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{Call, Grammar, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "rm-in-later-layer",
    aliases: &[],
    group: Group::Size,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("rm-in-later-layer.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Layers of other stages are not shipped.
    for view in context.stages().iter().filter(|view| view.is_final || view.is_reused) {
        let mut made: BTreeMap<String, Span> = BTreeMap::new();
        for step in view.steps.iter().filter(|step| !step.is_onbuild()) {
            for (path, span) in deleted(step) {
                let inside = |other: &str| other == path || other.starts_with(&format!("{path}/"));
                let Some((_, place)) = made.iter().find(|(other, _)| inside(other)) else { continue };
                findings
                    .report(span, format!("`{path}` stays in the layer that made it"))
                    .related(*place, "it comes from here")
                    .note("deleting hides a file from later layers; the image is as large as before")
                    .help("delete it in the same `RUN`, mount it with `RUN --mount`, or make it in another stage");
            }
            add(context, step, &mut made);
        }
    }
}

/// The absolute paths without wildcards that `rm` deletes.
fn deleted(step: &Step<'_>) -> Vec<(String, Span)> {
    let calls = step.run().map(|run| run.calls.as_slice()).unwrap_or_default();
    let removes = calls.iter().filter(|call| call.is(&["rm"]));
    let operands = removes.flat_map(|call| call.options(&grammar::PLAIN).operands);
    let paths = operands.filter_map(|operand| {
        let path = absolute(step, operand.value()?)?;
        Some((path, operand.span))
    });
    paths.collect()
}

/// What a step puts where nothing but its own words is needed to tell.
fn add(context: &Context<'_>, step: &Step<'_>, made: &mut BTreeMap<String, Span>) {
    let transfer = match &step.command.kind {
        Kind::Copy(copy) => &copy.transfer,
        Kind::Add(add) => &add.transfer,
        Kind::Run(_) => {
            let calls = step.run().map(|run| run.calls.as_slice()).unwrap_or_default();
            let own = deleted(step);
            for (path, span) in
                calls.iter().filter_map(|call| Some((absolute(step, output(call)?)?, call.span)))
            {
                if !own.iter().any(|(gone, _)| path.starts_with(gone.as_str())) && !mounted(step, &path) {
                    made.insert(path, span);
                }
            }
            return;
        }
        _ => return,
    };
    let Ok(target) = context.expand(step, &transfer.destination.text) else { return };
    let [Source::Path(source)] = transfer.sources.as_slice() else { return };
    let Ok(source) = context.expand(step, &source.text) else { return };
    let name = source.text.rsplit('/').next().unwrap_or_default().to_owned();
    let is_file = name.contains('.') && !name.starts_with('.') && !name.contains(['*', '?', '[']);
    let path = match target.text.ends_with('/') {
        true if is_file && !source.text.contains("://") => format!("{}{name}", target.text),
        true => return,
        false => target.text.clone(),
    };
    // An archive that ADD unpacks is not there under its name.
    if let Some(path) = absolute(step, &path) {
        made.insert(path, step.instruction.text_span());
    }
}

/// The file a download is written to.
fn output<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (grammar, names): (&Grammar, &[&str]) = match call.name.as_str() {
        "curl" => (&CURL, &["-o", "--output"]),
        "wget" => (&WGET, &["-O", "--output-document"]),
        _ => return None,
    };
    let options = call.options(grammar);
    let option = options.find(names)?;
    let following = option.following.and_then(|word| word.value());
    following.or_else(|| option.argument.value()?.split_once('=').map(|(_, value)| value))
}

fn mounted(step: &Step<'_>, path: &str) -> bool {
    step.run().is_some_and(|run| run.mount_over(path).is_some())
}

/// `path` from the root, without what makes it another one: wildcards, `..`, the root itself.
fn absolute(step: &Step<'_>, path: &str) -> Option<String> {
    let full = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{}/{path}", step.state.workdir.as_deref()?.trim_end_matches('/')),
    };
    let parts: Vec<&str> = full.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let plain = !full.contains(['*', '?', '[']) && !parts.contains(&"..") && !parts.is_empty();
    plain.then(|| format!("/{}", parts.join("/")))
}

const CURL: Grammar =
    Grammar { valued: &["-o", "--output", "-H", "--header", "-u", "-A", "-d"], single_dash: false };
const WGET: Grammar = Grammar { valued: &["-O", "--output-document", "-P", "-U"], single_dash: false };

//! A variable that nothing sets.

use std::collections::BTreeSet;

use bareboat_dockerfile::instruction::{Pair, Source, Transfer};
use bareboat_dockerfile::{Command, Edit, Kind, Word, arguments, suggest};
use bareboat_report::Severity;

use crate::lint::context::{StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "undefined-var",
    aliases: &["UndefinedVar"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("undefined-var.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps() {
        // The base image may set it, and nobody knows what a trigger will see.
        if step.state.open || step.is_onbuild() {
            continue;
        }
        let mut declared = None;
        for word in words(step.command) {
            let Ok(expanded) = context.expand(step, &word.text) else { continue };
            for reference in expanded.references.iter().filter(|reference| !reference.defined) {
                let name = reference.name.as_str();
                let declared = declared.get_or_insert_with(|| arguments_above(context, view, step));
                if !is_name(name) || declared.contains(name) || is_automatic(name) {
                    continue;
                }
                let span = step.instruction.locate(word, reference.range.clone());
                let draft = findings.report(span, format!("nothing sets the variable `{name}`"));
                let close = suggest(name, declared.iter().map(String::as_str));
                let Some(close) = close else {
                    draft.help(format!("declare it with `ARG {name}` in this stage"));
                    continue;
                };
                draft.help(format!("did you mean `{close}`?"));
                let written = word.text.get(reference.range.clone()).unwrap_or_default();
                if let Some(at) = written.find(name) {
                    let start = reference.range.start + at;
                    let place = step.instruction.locate(word, start..start + name.len());
                    draft.unsafe_fix(format!("write `{close}`"), [Edit::replace(place, close)]);
                }
            }
        }
    }
}

/// Names that ARG and ENV declare above `step`, with or without value.
fn arguments_above(context: &Context<'_>, view: &StageView<'_>, step: &Step<'_>) -> BTreeSet<String> {
    let chain = context.chain(view).into_iter().flat_map(|stage| &stage.steps);
    let above = chain.take_while(|above| (above.stage, above.position) != (step.stage, step.position));
    let pairs = above.flat_map(|above| match &above.command.kind {
        Kind::Arg(pairs) => &pairs[..],
        Kind::Env(pairs) => &pairs.pairs[..],
        _ => &[],
    });
    pairs.map(|pair| pair.name.text.clone()).collect()
}

/// The words of a command that builders expand. Shell forms are not among them: the shell has variables of its own.
fn words(command: &Command) -> Vec<&Word> {
    match &command.kind {
        Kind::Add(add) => paths(&add.transfer),
        Kind::Copy(copy) => paths(&copy.transfer),
        Kind::Arg(pairs) => values(pairs),
        Kind::Env(pairs) | Kind::Label(pairs) => values(&pairs.pairs),
        Kind::Expose(words) | Kind::Volume(words) => words.iter().collect(),
        Kind::Stopsignal(word) | Kind::User(word) | Kind::Workdir(word) => vec![word],
        _ => Vec::new(),
    }
}

fn values(pairs: &[Pair]) -> Vec<&Word> {
    pairs.iter().filter_map(|pair| pair.value.as_ref()).collect()
}

fn paths(transfer: &Transfer) -> Vec<&Word> {
    let sources = transfer.sources.iter().filter_map(|source| match source {
        Source::Path(word) => Some(word),
        Source::Heredoc(_) => None,
    });
    sources.chain([&transfer.destination]).chain(&transfer.chown).chain(&transfer.chmod).collect()
}

/// False for `$1`, `$@` and their like.
fn is_name(name: &str) -> bool {
    name.starts_with(|char: char| char == '_' || char.is_ascii_alphabetic())
}

fn is_automatic(name: &str) -> bool {
    arguments::PROXY.contains(&name)
}

//! A variable that nothing sets.

use bareboat_dockerfile::instruction::{Pair, Source, Transfer};
use bareboat_dockerfile::{Command, Edit, Kind, Word, arguments};
use bareboat_report::Severity;

use crate::lint::context::is_variable_name;
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
    for (_, step) in context.steps() {
        // The base image may set it, and nobody knows what a trigger will see.
        if step.state.open || step.is_onbuild() {
            continue;
        }
        for word in words(step.command) {
            let Ok(expanded) = context.expand(step, &word.text) else { continue };
            for reference in expanded.references.iter().filter(|reference| !reference.defined) {
                let name = reference.name.as_str();
                if !is_name(name) || context.is_declared(step, name) || is_automatic(name) {
                    continue;
                }
                let span = step.instruction.locate(word, reference.range.clone());
                let draft = findings.report(span, format!("nothing sets the variable `{name}`"));
                let close =
                    context.suggest(name, context.declared(step).filter(|name| is_variable_name(name)));
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

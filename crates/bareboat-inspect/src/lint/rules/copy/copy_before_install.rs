//! Everything is copied before dependencies are installed.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::{Call, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-before-install",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-before-install.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let own = || view.steps.iter().filter(|step| !step.is_onbuild() && !step.triggered);
        let Some(copy) = own().find(|step| copies_everything(step)) else { continue };
        let installs = |step: &&Step<'_>| step.run().is_some_and(|run| run.calls.iter().any(installs));
        let Some(install) = own().find(installs).filter(|install| install.position > copy.position) else {
            continue;
        };
        findings
            .report(install.instruction.text_span(), "any change to any file installs all dependencies again")
            .related(copy.instruction.text_span(), "everything is copied here")
            .help("copy the files that name the dependencies first, install, and then copy the rest");
    }
}

fn copies_everything(step: &Step<'_>) -> bool {
    let transfer = match &step.command.kind {
        Kind::Copy(copy) if copy.from.is_none() => &copy.transfer,
        Kind::Add(add) => &add.transfer,
        _ => return false,
    };
    transfer.sources.iter().any(super::is_everything)
}

/// A call that installs what a file of the application names.
fn installs(call: &Call<'_>) -> bool {
    let words: Vec<&str> = call.arguments.iter().map(|word| word.text.as_str()).collect();
    let operands = || call.options(&grammar::NPM).operands.len();
    match call.name.as_str() {
        "pip" | "pip3" => words.contains(&"install") && words.contains(&"-r"),
        "npm" => words.contains(&"ci") || words.contains(&"install") && operands() == 1,
        "yarn" | "pnpm" | "bundle" | "composer" | "poetry" => words.first() == Some(&"install"),
        "go" => words.starts_with(&["mod", "download"]),
        _ => false,
    }
}

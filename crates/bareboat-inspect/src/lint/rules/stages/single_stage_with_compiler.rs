//! The only stage installs a compiler, which stays in the image.

use bareboat_report::Severity;

use crate::lint::context::{Execution, grammar};
use crate::lint::rules::packages::installs::{Manager, installs};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "single-stage-with-compiler",
    aliases: &[],
    group: Group::Stages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("single-stage-with-compiler.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let [view] = context.stages() else { return };
    for step in view.steps.iter().filter(|step| !step.is_onbuild()) {
        let Some(run) = step.run().filter(|run| !removes(run)) else { continue };
        for install in installs(run) {
            let Some(compiler) =
                install.packages().iter().find(|word| COMPILERS.contains(&word.text.as_str()))
            else {
                continue;
            };
            findings
                .report(compiler.span, format!("`{}` stays in the image", compiler.text))
                .note("it is hundreds of megabytes, and of use only to whoever breaks in")
                .help("build in a stage of its own, and `COPY --from` it what is needed");
        }
    }
}

/// The same RUN takes packages away again.
fn removes(run: &Execution<'_>) -> bool {
    run.calls.iter().any(|call| {
        let subcommand =
            Manager::of(call).map(|manager| call.options(manager.grammar()).subcommand().map(str::to_owned));
        let subcommand = subcommand.flatten().unwrap_or_default();
        matches!(subcommand.as_str(), "remove" | "purge" | "autoremove" | "del" | "erase")
            || call.is(&["apt-mark"]) && call.options(&grammar::PLAIN).subcommand() == Some("auto")
    })
}

const COMPILERS: &[&str] =
    &["build-essential", "gcc", "g++", "clang", "build-base", "gcc-c++", "cargo", "rustc", "cmake"];

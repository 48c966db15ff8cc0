//! The image that runs gets tools for looking into things.

use std::collections::BTreeSet;

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::{Execution, grammar};
use crate::lint::rules::packages::installs::{Manager, installs};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "debug-tools-in-final",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("debug-tools-in-final.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let chain = context.chain(view);
    let steps = || chain.iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    // What a container starts is what the image is for.
    let starts = steps().filter(|step| !matches!(step.command.kind, Kind::Run(_)));
    let calls = starts.filter_map(|step| step.execution.as_ref()).flat_map(|execution| &execution.calls);
    let started: BTreeSet<&str> = calls.map(|call| call.name.as_str()).collect();
    for run in steps().filter_map(|step| step.run()).filter(|run| !removes(run)) {
        for word in installs(run).flat_map(|install| install.packages().to_vec()) {
            let name = word.text.split(['=', ':']).next().unwrap_or_default();
            let program = name.split('-').next().unwrap_or_default();
            if !word.is_complete || !TOOLS.contains(&name) || started.contains(program) {
                continue;
            }
            findings
                .report(word.span, format!("`{name}` is for looking into a container, not for what it does"))
                .note("whoever breaks in finds it ready to use, and it needs its own security fixes")
                .help("leave it out; `docker debug` or a second container with `--pid=container:NAME` brings tools along");
        }
    }
}

/// The same RUN takes packages away again.
fn removes(run: &Execution<'_>) -> bool {
    run.calls.iter().any(|call| {
        let manager = Manager::of(call);
        let subcommand =
            manager.map(|manager| call.options(manager.grammar()).subcommand().map(str::to_owned));
        matches!(
            subcommand.flatten().as_deref(),
            Some("remove" | "purge" | "autoremove" | "autopurge" | "del" | "erase")
        ) || call.is(&["apt-mark"]) && call.options(&grammar::PLAIN).subcommand() == Some("auto")
    })
}

/// Editors, viewers and debuggers. Not `curl`, `procps` or `iputils-ping`: programs and health checks use them.
const TOOLS: &[&str] = &[
    "emacs",
    "emacs-nox",
    "gdb",
    "htop",
    "joe",
    "ltrace",
    "man-db",
    "mc",
    "nano",
    "strace",
    "tcpdump",
    "vim",
    "vim-enhanced",
    "vim-minimal",
    "vim-nox",
    "vim-tiny",
];

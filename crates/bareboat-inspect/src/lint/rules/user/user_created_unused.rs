//! A user is made, and the image runs as root.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::Call;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-created-unused",
    aliases: &[],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-created-unused.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    // Some other user is set, or nobody knows whether.
    if context.user(view, &view.end).is_none_or(|user| !matches!(user, "" | "root" | "0" | "0:0")) {
        return;
    }
    let steps = || context.chain(view).into_iter().flat_map(|link| &link.steps);
    // Programs that change the user themselves, in a script that nobody sees.
    let starts = steps().filter(|step| matches!(step.command.kind, Kind::Entrypoint(_) | Kind::Cmd(_)));
    let mut calls = starts.filter_map(|step| step.execution.as_ref()).flat_map(|execution| &execution.calls);
    if calls.any(|call| {
        call.is(&["gosu", "su-exec", "su", "setpriv", "sudo"])
            || call.name.ends_with(".sh")
            || call.name.contains("entrypoint")
    }) {
        return;
    }
    let made =
        view.steps.iter().filter_map(|step| step.run()).flat_map(|run| &run.calls).find(|call| makes(call));
    if let Some(call) = made {
        findings
            .report(call.span, "a user is made here, and the image runs as root")
            .help("add `USER` with the user's number behind the last instruction that needs root");
    }
}

/// A user for people or programs to log in as, not one of the system's.
fn makes(call: &Call<'_>) -> bool {
    let system = call.arguments.iter().any(|word| matches!(word.text.as_str(), "-r" | "--system" | "-S"));
    call.is(&["useradd", "adduser"]) && !system && call.arguments.len() > 1
}

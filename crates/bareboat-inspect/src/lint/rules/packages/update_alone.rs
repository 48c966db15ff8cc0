//! `apt-get update` in a RUN of its own.

use bareboat_report::Severity;

use crate::lint::context::{Call, Execution, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "update-alone",
    aliases: &["CKV_DOCKER_5", "DS-0017"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("update-alone.md"),
    check,
};

const APT: &[&str] = &["apt-get", "apt", "aptitude"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for stage in context.stages() {
        // From the last one up, so that the next one below that lives on the lists is known.
        let mut user = None;
        for run in stage.steps.iter().rev().filter_map(|step| step.run()) {
            updates(run, user, findings);
            user = living_on_it(run).or(user);
        }
    }
}

fn updates(run: &Execution<'_>, user: Option<&Call<'_>>, findings: &mut Findings<'_>) {
    let Some(update) = run.calls_of(APT).find(|call| is(call, "update")) else { return };
    if run.calls_of(APT).any(uses_lists) {
        return;
    }
    let draft = findings.report(update.span, "the package lists are updated in a layer of their own");
    draft
        .note("the cache keeps this layer: what is installed later comes from old lists, or is not found any more")
        .help("update and install in the same `RUN`");
    if let Some(call) = user {
        draft.related(call.span, "this lives on those lists");
    }
}

fn is(call: &Call<'_>, subcommand: &str) -> bool {
    call.options(&grammar::APT).subcommand() == Some(subcommand)
}

/// Anything that needs lists; a subcommand that is not known may.
fn uses_lists(call: &Call<'_>) -> bool {
    !matches!(
        call.options(&grammar::APT).subcommand(),
        Some(
            "update" | "clean" | "autoclean" | "distclean" | "dist-clean" | "autoremove" | "remove" | "purge"
        )
    )
}

fn living_on_it<'c, 'a>(run: &'c Execution<'a>) -> Option<&'c Call<'a>> {
    let first = run.calls.iter().find(|call| call.is(APT))?;
    (!is(first, "update") && uses_lists(first)).then_some(first)
}

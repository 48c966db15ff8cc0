//! `apt-get update` whose package lists stay in the image.

use bareboat_report::Severity;

use crate::lint::context::{Call, Execution, StageView, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "apt-lists-left",
    aliases: &["DL3009"],
    group: Group::Size,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("apt-lists-left.md"),
    check,
};

const APT: &[&str] = &["apt-get", "apt", "aptitude"];
const LISTS: &str = "/var/lib/apt/lists";

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, step, run) in context.runs() {
        // Layers of other stages are not shipped.
        if !stage.is_final && !stage.is_reused || run.mount_over(LISTS).is_some() {
            continue;
        }
        let Some(at) = run.calls.iter().position(is_update) else { continue };
        if run.calls[at..].iter().any(deletes_lists) {
            continue;
        }
        let draft = findings.report(run.calls[at].span, "the package lists stay in this layer");
        draft
            .note("they are tens of megabytes that no container needs; deleting them in a later `RUN` does not help")
            .help("end this `RUN` with `rm -rf /var/lib/apt/lists/*`");
        if needed_later(context, stage, step) || step.triggered {
            continue;
        }
        if let Some(edit) = context.append_command(step, "rm -rf /var/lib/apt/lists/*") {
            draft.safe_fix("delete the lists at the end of this `RUN`", [edit]);
        }
    }
}

fn is_update(call: &Call<'_>) -> bool {
    call.is(APT) && call.options(&grammar::APT).subcommand() == Some("update")
}

fn deletes_lists(call: &Call<'_>) -> bool {
    if call.is(APT) {
        return matches!(call.options(&grammar::APT).subcommand(), Some("distclean" | "dist-clean"));
    }
    let is_above = |path: &str| {
        let path = path.trim_end_matches(['*', '/']);
        LISTS.starts_with(path) && path.starts_with("/var/lib/apt")
    };
    let paths = call.arguments.iter().map(|argument| argument.text.as_str());
    match call.name.as_str() {
        "rm" => call.options(&grammar::PLAIN).operands.iter().any(|operand| is_above(&operand.text)),
        "find" => {
            call.arguments.iter().any(|argument| argument.is("-delete")) && paths.into_iter().any(is_above)
        }
        _ => false,
    }
}

/// A later RUN installs without an update of its own: it lives on these lists.
fn needed_later(context: &Context<'_>, stage: &StageView<'_>, step: &Step<'_>) -> bool {
    let built_on = |other: &StageView<'_>| {
        other.index == stage.index || context.chain(other).iter().any(|link| link.index == stage.index)
    };
    let later = context.stages().iter().filter(|other| other.index >= stage.index && built_on(other));
    let steps = later.flat_map(|other| &other.steps);
    let after = steps.filter(|other| other.stage != step.stage || other.position > step.position);
    after.filter_map(Step::run).any(installs_without_update)
}

fn installs_without_update(run: &Execution<'_>) -> bool {
    run.calls_of(APT).next().is_some_and(|call| !is_update(call))
}

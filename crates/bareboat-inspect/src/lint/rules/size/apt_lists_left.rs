//! `apt-get update` whose package lists stay in the image.

use std::collections::{BTreeMap, BTreeSet};

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
    let users = ListUsers::new(context);
    for (stage, step, run) in context.runs() {
        // Layers of other stages are not shipped.
        if !stage.is_final && !stage.is_reused || run.mount_over(LISTS).is_some() {
            continue;
        }
        let Some(at) = run.calls.iter().position(is_update) else { continue };
        // By place: the calls of a script inside another one come after all of the outer one's.
        let begins = run.calls[at].span.start;
        if run.calls.iter().any(|call| call.span.start >= begins && deletes_lists(call)) {
            continue;
        }
        let draft = findings.report(run.calls[at].span, "the package lists stay in this layer");
        draft
            .note("they are tens of megabytes that no container needs; deleting them in a later `RUN` does not help")
            .help("end this `RUN` with `rm -rf /var/lib/apt/lists/*`");
        if users.come_after(stage, step) || step.triggered {
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

/// The RUNs that install without an update of their own: they live on the lists of a RUN before them.
struct ListUsers {
    /// The last one of each stage, by the stage's number.
    last: BTreeMap<usize, usize>,
    /// Stages that a stage with such a RUN builds on.
    below: BTreeSet<usize>,
}

impl ListUsers {
    fn new(context: &Context<'_>) -> Self {
        let mut users = Self { last: BTreeMap::new(), below: BTreeSet::new() };
        for (stage, step, run) in context.runs() {
            if installs_without_update(run) && users.last.insert(stage.index, step.position).is_none() {
                let below = context.chain(stage).into_iter().map(|link| link.index);
                users.below.extend(below.filter(|index| *index != stage.index));
            }
        }
        users
    }

    fn come_after(&self, stage: &StageView<'_>, step: &Step<'_>) -> bool {
        self.last.get(&stage.index).is_some_and(|last| *last > step.position)
            || self.below.contains(&stage.index)
    }
}

fn installs_without_update(run: &Execution<'_>) -> bool {
    run.calls_of(APT).next().is_some_and(|call| !is_update(call))
}

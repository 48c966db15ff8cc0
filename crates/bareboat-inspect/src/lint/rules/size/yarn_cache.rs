//! yarn keeps what it downloaded.

use bareboat_report::Severity;

use crate::lint::context::grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "yarn-cache",
    aliases: &["DL3060"],
    group: Group::Size,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("yarn-cache.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, step, run) in context.runs() {
        let mounted = run
            .mounts
            .iter()
            .filter_map(|mount| mount.target.as_deref())
            .any(|target| target.contains("yarn") || target.trim_end_matches('/').ends_with(".cache"));
        // Layers of other stages are not shipped.
        if mounted || !stage.is_final && !stage.is_reused {
            continue;
        }
        let calls: Vec<_> = run.calls_of(&["yarn"]).collect();
        let named = |name| {
            move |call: &&&crate::lint::context::Call<'_>| {
                call.options(&grammar::PLAIN)
                    .operands
                    .iter()
                    .map(|word| word.text.as_str())
                    .take(1)
                    .eq([name])
            }
        };
        let Some(at) = calls.iter().position(|call| named("install")(&call)) else { continue };
        let cleans = calls[at..]
            .iter()
            .filter(named("cache"))
            .any(|call| call.arguments.iter().any(|word| word.is("clean")));
        if cleans {
            continue;
        }
        let draft = findings.report(calls[at].span, "yarn keeps its downloads in this layer");
        draft.note("a container never needs them").help("end this `RUN` with `yarn cache clean`");
        if let Some(edit) = context.append_command(step, "yarn cache clean").filter(|_| !step.triggered) {
            draft.safe_fix("delete the downloads at the end of this `RUN`", [edit]);
        }
    }
}

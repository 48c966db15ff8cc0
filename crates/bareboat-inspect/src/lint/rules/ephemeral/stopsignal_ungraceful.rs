//! STOPSIGNAL names a signal that no program can act on.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stopsignal-ungraceful",
    aliases: &[],
    group: Group::Ephemeral,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("stopsignal-ungraceful.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Stopsignal(word) = &step.effective().kind else { continue };
        let Ok(signal) = context.expand(step, &word.text) else { continue };
        let upper = signal.text.to_ascii_uppercase();
        if !matches!(upper.strip_prefix("SIG").unwrap_or(&upper), "KILL" | "9" | "STOP" | "19") {
            continue;
        }
        let draft = findings.report(word.span, format!("no program can act on `{}`", signal.text));
        draft
            .note("the container is cut off in the middle of what it does: open files and requests are lost")
            .help("write `SIGTERM`, or leave the instruction out");
        if !word.text.contains('$') {
            draft.unsafe_fix("write `SIGTERM`", [Edit::replace(word.span, "SIGTERM")]);
        }
    }
}

//! The last stage has a shell that nothing in the file uses.

use bareboat_report::Severity;

use super::unneeded::needs_nothing_but_files;
use crate::knowledge::ShellFacts;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "shell-in-final",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("shell-in-final.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let shell = context.base(view).and_then(|facts| facts.shell);
    if !matches!(shell, Some(ShellFacts::Present(_))) || !needs_nothing_but_files(context, view) {
        return;
    }
    findings
        .report(view.stage.from.image.span, "this image has a shell, and nothing here uses it")
        .note("with a shell, a single hole runs any command")
        .help("take an image without one: distroless or hardened, with the same C library");
}

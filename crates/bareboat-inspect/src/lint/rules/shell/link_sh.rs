//! /bin/sh is replaced by a link.

use bareboat_report::Severity;

use crate::lint::context::grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "link-sh",
    aliases: &["DL4005"],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("link-sh.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["ln"]) {
            let options = call.options(&grammar::PLAIN);
            let Some(target) = options.operands.last() else { continue };
            if options.operands.len() < 2 || !(target.is("/bin/sh") || target.is("/usr/bin/sh")) {
                continue;
            }
            findings
                .report(call.span, "another shell is put in the place of `/bin/sh`")
                .note("scripts of the distribution are written for the shell that was there")
                .help("choose the shell of `RUN` with `SHELL`");
        }
    }
}

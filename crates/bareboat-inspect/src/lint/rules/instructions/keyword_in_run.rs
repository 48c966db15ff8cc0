//! A RUN calls an instruction of the Dockerfile as if it were a program.

use bareboat_dockerfile::Keyword;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "keyword-in-run",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("keyword-in-run.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls.iter().filter(|call| call.simple.is_some() && !call.wrapped) {
            let name = call.program.text.as_str();
            let is_keyword = name.len() > 2
                && name.bytes().all(|byte| byte.is_ascii_uppercase())
                && Keyword::from_name(name).is_some();
            if !is_keyword || call.arguments.is_empty() {
                continue;
            }
            findings
                .report(call.program.span, format!("`{name}` is an instruction and no program"))
                .note(format!("`{name}: not found`"))
                .help("end the `RUN` before it, and begin a line with it");
        }
    }
}

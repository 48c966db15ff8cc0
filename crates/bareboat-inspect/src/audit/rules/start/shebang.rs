//! Scripts have their interpreters.

use crate::facts::{Ecosystem, Program, StartFault};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "shebang",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("shebang.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let started = facts.start().chain;
    for (path, entry) in &facts.tree().entries {
        let is_script = facts.content(path).is_some_and(|content| content.shebang.is_some());
        if !is_script || entry.mode & 0o111 == 0 || started.contains(path) {
            continue;
        }
        let Some(fault @ StartFault::Interpreter { .. }) = Program::of_file(facts, path).fault else {
            continue;
        };
        let draft = findings.report_at(path, fault.to_string());
        if !facts.is_on_search_path(path) {
            draft.severity(Severity::Info);
        } else if facts.owner(path).is_some_and(|package| package.ecosystem != Ecosystem::Python) {
            // Packages bring scripts for administrators, `ldd` for one, that nothing in a bare image starts.
            draft.severity(Severity::Info).note("it came with a package; nothing may ever start it");
        } else {
            draft.help("leave the script out, or bring its interpreter");
        }
    }
}

//! Keywords in capitals beside keywords in small letters.

use bareboat_dockerfile::{Edit, Instruction};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "keyword-casing",
    aliases: &["ConsistentInstructionCasing"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("keyword-casing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let stages = &context.model().stages;
    let in_stages = || {
        stages
            .iter()
            .flat_map(|stage| [stage.instruction].into_iter().chain(stage.instructions.iter().copied()))
    };
    let known = |instruction: &&Instruction| instruction.keyword().is_some();
    let is_lower = |text: &str| !text.chars().any(char::is_uppercase);
    let is_upper = |text: &str| !text.chars().any(char::is_lowercase);
    let written = || in_stages().filter(known).map(|instruction| instruction.command.keyword.text.as_str());
    let lower = written().filter(|text| is_lower(text)).count();
    let upper = written().filter(|text| is_upper(text)).count();
    let expect_lower = lower > upper;
    for instruction in in_stages().filter(known) {
        let keyword = &instruction.command.keyword;
        let wanted = if expect_lower { keyword.text.to_lowercase() } else { keyword.text.to_uppercase() };
        if keyword.text == wanted {
            continue;
        }
        let which = if expect_lower { "small letters" } else { "capitals" };
        findings
            .report(
                keyword.span,
                format!("`{}` is not in {which} as this file's other keywords", keyword.text),
            )
            .help(format!("write `{wanted}`"))
            .safe_fix(format!("write `{wanted}`"), [Edit::replace(keyword.span, wanted)]);
    }
}

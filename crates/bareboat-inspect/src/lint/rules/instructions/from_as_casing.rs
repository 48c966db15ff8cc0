//! FROM in capitals with `as` in small letters, or the reverse.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-as-casing",
    aliases: &["FromAsCasing"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-as-casing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(alias) = &view.stage.from.alias else { continue };
        let from = view.stage.instruction.command.keyword.text.as_str();
        let wanted = match from {
            "FROM" => "AS",
            "from" => "as",
            // Neither nor: `keyword-casing` speaks about that.
            _ => continue,
        };
        let written = &alias.keyword;
        if written.text != wanted {
            findings
                .report(written.span, format!("`{}` beside `{from}`", written.text))
                .help(format!("write `{wanted}`"))
                .safe_fix(format!("write `{wanted}`"), [Edit::replace(written.span, wanted)]);
        }
    }
}

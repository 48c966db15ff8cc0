//! A protocol in EXPOSE in capitals.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "expose-proto-casing",
    aliases: &["ExposeProtoCasing"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("expose-proto-casing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Expose(ports) = &step.effective().kind else { continue };
        for port in ports {
            let Some((_, protocol)) = port.text.rsplit_once('/') else { continue };
            let lower = protocol.to_lowercase();
            if protocol == lower || protocol.contains('$') {
                continue;
            }
            let start = port.text.len() - protocol.len();
            let span = step.instruction.locate(port, start..port.text.len());
            findings
                .report(span, format!("the protocol `{protocol}` is not in small letters"))
                .help(format!("write `{lower}`"))
                .safe_fix(format!("write `{lower}`"), [Edit::replace(span, lower)]);
        }
    }
}

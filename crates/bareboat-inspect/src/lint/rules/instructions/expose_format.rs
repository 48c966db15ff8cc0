//! An address or a host port in EXPOSE.

use bareboat_dockerfile::{Edit, Expansion};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "expose-format",
    aliases: &["ExposeInvalidFormat"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("expose-format.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (port, Expansion { text: expanded, .. }) in context.exposed() {
        let Some((_, container)) = expanded.rsplit_once(':') else { continue };
        let draft = findings.report(port.span, format!("`{expanded}` has more than a port and a protocol"));
        draft
            .note("where a port can be reached from is said when the container is started")
            .help(format!("write `{container}`"));
        if port.text == expanded && !container.is_empty() {
            let edit = Edit::replace(port.span, container);
            draft.safe_fix(format!("write `{container}`"), [edit]);
        }
    }
}

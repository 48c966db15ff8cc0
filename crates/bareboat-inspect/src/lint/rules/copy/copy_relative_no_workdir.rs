//! COPY to a relative target without WORKDIR.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-relative-no-workdir",
    aliases: &["DL3045"],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-relative-no-workdir.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps() {
        let Kind::Copy(copy) = &step.command.kind else { continue };
        let target = &copy.transfer.destination;
        let written = target.text.trim_start_matches(['"', '\'']);
        let has_drive =
            written.get(1..).is_some_and(|rest| rest.starts_with(":\\") || rest.starts_with(":/"));
        if written.starts_with(['/', '$']) || has_drive || context.has_workdir(view, step) {
            continue;
        }
        findings
            .report(target.span, format!("no `WORKDIR` above says where `{}` is", target.text))
            .note("the base image's working directory is taken, often `/`; its next version may have another")
            .help("set `WORKDIR` first, or write the whole path");
    }
}

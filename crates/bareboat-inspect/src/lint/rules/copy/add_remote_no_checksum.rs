//! ADD of a file from the network that is not verified.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "add-remote-no-checksum",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("add-remote-no-checksum.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Add(add) = &step.effective().kind else { continue };
        if add.checksum.is_some() {
            continue;
        }
        for source in &add.transfer.sources {
            let Source::Path(word) = source else { continue };
            let text = word.text.trim_start_matches(['"', '\'']);
            let is_web = text.starts_with("https://") || text.starts_with("http://");
            // A repository has commits instead.
            let path = text.split(['#', '?']).next().unwrap_or_default();
            if !is_web || path.trim_end_matches(['"', '\'']).ends_with(".git") {
                continue;
            }
            findings
                .report(word.span, "nothing says what this file must contain")
                .note("whoever can change it there changes the image")
                .help("add `--checksum=sha256:…`");
        }
    }
}

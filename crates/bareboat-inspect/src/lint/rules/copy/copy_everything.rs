//! COPY of the whole build context.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-everything",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Style,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-everything.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // An ignore file that keeps everything out but what it names says what is copied.
    let ignore = context.build().and_then(|build| build.ignore());
    let names_files = ignore.is_some_and(|ignore| {
        let everything = |text: &str| matches!(text, "*" | "**" | "**/*");
        ignore.brings_back() && ignore.patterns().iter().any(|pattern| everything(pattern.text()))
    });
    if names_files {
        return;
    }
    for (_, step) in context.steps() {
        let Kind::Copy(copy) = &step.effective().kind else { continue };
        if copy.from.is_some() {
            continue;
        }
        for source in &copy.transfer.sources {
            let Source::Path(word) = source else { continue };
            if matches!(word.text.trim_matches(['"', '\'']), "." | "./" | "/") {
                findings
                    .report(word.span, "the whole build context is copied")
                    .note("any change to any file makes what follows run again, and may end up in the image")
                    .help("name what is copied, or let the ignore file begin with `*` and name it there");
            }
        }
    }
}

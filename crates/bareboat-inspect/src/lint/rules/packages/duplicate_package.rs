//! A package is named twice in one installation.

use bareboat_dockerfile::{Edit, Span};
use bareboat_report::Severity;

use super::installs::installs;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-package",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("duplicate-package.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for install in installs(run) {
            let packages = install.packages();
            for (index, package) in packages.iter().enumerate().filter(|(_, package)| package.is_complete) {
                let Some(first) = packages[..index].iter().find(|first| first.is(&package.text)) else {
                    continue;
                };
                // Two values of one variable have one place.
                if first.span == package.span {
                    continue;
                }
                let draft = findings.report(package.span, format!("`{}` is named twice", package.text));
                draft.related(first.span, "the first time").help("remove one of them");
                let before =
                    install.call.arguments.iter().rfind(|other| other.span.end <= package.span.start);
                let gap = before.map(|before| Span { start: before.span.end, ..package.span });
                let is_plain = |gap: &Span| {
                    package.word.is_some_and(|word| word.is_bare()) && !context.text(*gap).contains('#')
                };
                if let Some(gap) = gap.filter(is_plain) {
                    draft.safe_fix("remove the second one", [Edit::remove(gap)]);
                }
            }
        }
    }
}

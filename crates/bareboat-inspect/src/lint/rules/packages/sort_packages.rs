//! A list of packages, one on each line, is in no order.

use bareboat_dockerfile::{Edit, Span};
use bareboat_report::Severity;

use super::installs::installs;
use crate::lint::context::Argument;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "sort-packages",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Style,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("sort-packages.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for install in installs(run) {
            let packages = install.packages();
            if packages.len() < 3 || !each_on_its_line(context, packages) {
                continue;
            }
            let mut sorted: Vec<&str> = packages.iter().map(|package| package.text.as_str()).collect();
            sorted.sort_unstable();
            let Some(place) = packages.iter().zip(&sorted).position(|(package, name)| package.text != **name)
            else {
                continue;
            };
            let edits = packages.iter().zip(&sorted).filter(|(package, name)| package.text != ***name);
            let edits: Vec<Edit> = edits.map(|(package, name)| Edit::replace(package.span, *name)).collect();
            findings
                .report(
                    packages[place].span,
                    format!("`{}` is not where the alphabet puts it", packages[place].text),
                )
                .help("sort the list: names that are there twice are seen, and changes are easy to read")
                // Which of two alternatives a dependency gets may depend on what was asked for first.
                .unsafe_fix("sort the packages", edits);
        }
    }
}

/// Nothing but plain names, each on a line of its own without a comment above it.
fn each_on_its_line(context: &Context<'_>, packages: &[&Argument<'_>]) -> bool {
    let plain =
        |package: &&&Argument<'_>| package.is_complete && package.word.is_some_and(|word| word.is_bare());
    packages.iter().filter(plain).count() == packages.len()
        && packages.windows(2).all(|pair| {
            pair[0].span.end <= pair[1].span.start && {
                let between = context.text(Span::new(pair[0].span.end, pair[1].span.start));
                between.contains('\n') && !between.contains('#') && !between.contains(" -")
            }
        })
}

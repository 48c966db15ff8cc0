//! npm installs a package without a version.

use bareboat_report::Severity;

use crate::lint::context::{Argument, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pin-npm",
    aliases: &["DL3016"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pin-npm.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["npm"]) {
            let options = call.options(&grammar::NPM);
            if !matches!(options.subcommand(), Some("install" | "i" | "add")) {
                continue;
            }
            let Some(package) =
                options.rest().iter().find(|package| !is_pinned(package, context.as_hadolint()))
            else {
                continue;
            };
            findings
                .report(package.span, format!("`{}` has no version", package.text))
                .note("two builds of this file may install different versions")
                .help("write `name@version`, or install from the lock file with `npm ci`");
        }
    }
}

/// hadolint says of a word about which nothing is known that it has no version.
fn is_pinned(package: &Argument<'_>, as_hadolint: bool) -> bool {
    let name = package.text.as_str();
    if !package.is_complete && name.is_empty() {
        return !as_hadolint;
    }
    if name.starts_with("git") && name.contains("://") {
        return name.contains('#') || !package.is_complete;
    }
    let is_file = name.starts_with(['.', '/', '~'])
        || [".tar", ".tar.gz", ".tgz"].into_iter().any(|end| name.ends_with(end));
    // The `@` of `@scope/name` is none of a version.
    is_file || name.get(1..).is_some_and(|rest| rest.contains('@'))
}

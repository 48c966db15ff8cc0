//! gem installs a package without a version.

use bareboat_report::Severity;

use crate::lint::context::{Argument, Grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pin-gem",
    aliases: &["DL3028"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pin-gem.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["gem"]) {
            let options = call.options(&GEM);
            let installs = matches!(options.subcommand(), Some("install" | "i"));
            if !installs || options.has(&["-v", "--version"]) {
                continue;
            }
            // What follows `--` is for the build of the gem.
            let end =
                call.arguments.iter().find(|argument| argument.is("--")).map(|argument| argument.span.start);
            let gems = options.rest().iter().filter(|gem| end.is_none_or(|end| gem.span.start < end));
            let Some(gem) = gems.into_iter().find(|gem| !is_pinned(gem, context.as_hadolint())) else {
                continue;
            };
            findings
                .report(gem.span, format!("`{}` has no version", gem.text))
                .note("two builds of this file may install different versions")
                .help("write `name:version`, or `--version`");
        }
    }
}

/// hadolint says of a word about which nothing is known that it has no version.
fn is_pinned(gem: &Argument<'_>, as_hadolint: bool) -> bool {
    let is_unknown = !gem.is_complete && gem.text.is_empty();
    gem.text.contains(':') || gem.text.ends_with(".gem") || is_unknown && !as_hadolint
}

/// gem's own help.
const GEM: Grammar = Grammar {
    valued: &[
        "-v",
        "--version",
        "-i",
        "--install-dir",
        "-n",
        "--bindir",
        "-P",
        "--trust-policy",
        "-s",
        "--source",
        "-g",
        "--file",
        "--platform",
        "--build-root",
        "-p",
        "--http-proxy",
        "-B",
        "--bulk-threshold",
    ],
    single_dash: false,
};

//! go installs or runs a package without a version.

use bareboat_report::Severity;

use crate::lint::context::{Argument, Grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pin-go",
    aliases: &["DL3062"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pin-go.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["go"]) {
            let options = call.options(&GO);
            let Some(subcommand @ ("install" | "get" | "run")) = options.subcommand() else { continue };
            let packages = options.rest();
            // The words after the first are the program's own.
            let packages = if subcommand == "run" { &packages[..packages.len().min(1)] } else { packages };
            let Some(package) = packages.iter().find(|package| !is_pinned(package, context.as_hadolint()))
            else {
                continue;
            };
            findings
                .report(package.span, format!("`{}` has no version", package.text))
                .note("two builds of this file may install different versions")
                .help("write `path@version`");
        }
    }
}

/// hadolint says of a word about which nothing is known that it has no version.
fn is_pinned(package: &Argument<'_>, as_hadolint: bool) -> bool {
    let path = package.text.as_str();
    match path.split_once('@') {
        Some((_, version)) => version != "latest",
        // Of this module, of the standard library, or not known: an address has a dot before its first slash.
        None => {
            let host = path.split('/').next().unwrap_or_default();
            !(package.is_complete || as_hadolint && path.is_empty())
                || path.starts_with(['.', '/'])
                || path.ends_with(".go")
                || package.is_complete && !host.contains('.')
        }
    }
}

/// `go help build`.
const GO: Grammar = Grammar {
    valued: &[
        "-C",
        "-p",
        "-asmflags",
        "-buildmode",
        "-buildvcs",
        "-compiler",
        "-gccgoflags",
        "-gcflags",
        "-installsuffix",
        "-ldflags",
        "-mod",
        "-modfile",
        "-overlay",
        "-pgo",
        "-pkgdir",
        "-tags",
        "-toolexec",
        "-exec",
        "-covermode",
        "-coverpkg",
    ],
    single_dash: true,
};

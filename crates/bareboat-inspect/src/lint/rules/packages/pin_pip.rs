//! pip installs a package without a version.

use bareboat_report::Severity;

use super::pip;
use crate::lint::context::{Argument, Call, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pin-pip",
    aliases: &["DL3013"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pin-pip.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in pip::installs(run).chain(pip::pipx_installs(run)) {
            let Some(package) = unpinned(&call, context.as_hadolint()) else { continue };
            findings
                .report(package.span, format!("`{}` has no version", package.text))
                .note("two builds of this file may install different versions")
                .help("write `name==version`, or install from a file of requirements or a lock");
        }
    }
}

fn unpinned<'c, 'a>(call: &'c Call<'a>, as_hadolint: bool) -> Option<&'c Argument<'a>> {
    let options = call.options(&grammar::PIP);
    // Versions may be in those files.
    if options.has(&["-r", "--requirement", "-c", "--constraint"]) {
        return None;
    }
    options.rest().iter().copied().find(|package| !is_pinned(package, as_hadolint))
}

/// hadolint says of a word about which nothing is known that it has no version.
fn is_pinned(package: &Argument<'_>, as_hadolint: bool) -> bool {
    let name = package.text.as_str();
    let is_unknown = !package.is_complete && name.is_empty() && !as_hadolint;
    let repository = ["git+", "hg+", "svn+", "bzr+"].into_iter().any(|kind| name.starts_with(kind));
    if repository {
        let path = name.split_once("://").map_or(name, |(_, rest)| rest);
        return path.split_once('/').is_some_and(|(_, path)| path.contains('@')) || !package.is_complete;
    }
    // A file, a directory or an address is what it is.
    let is_file = name.starts_with('.') || name.contains('/') || FILES.iter().any(|end| name.ends_with(end));
    is_unknown || is_file || name.contains(['=', '<', '>', '~']) || name.contains("!=")
}

const FILES: &[&str] = &[".whl", ".tar.gz", ".tar.bz2", ".tar", ".tgz", ".zip"];

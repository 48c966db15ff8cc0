//! Packages of the distribution without a version.

use bareboat_report::Severity;

use super::installs::{Install, Manager, installs};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pin-os-packages",
    aliases: &["DL3008", "DL3018", "DL3033", "DL3037", "DL3041"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pin-os-packages.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let as_hadolint = context.as_hadolint();
    for (_, _, run) in context.runs() {
        for install in installs(run) {
            let Some((alias, example)) = code(install.manager) else { continue };
            let open = unpinned(&install, as_hadolint);
            let Some(first) = open.first() else { continue };
            let names: Vec<String> = open.iter().map(|package| format!("`{}`", package.text)).collect();
            let message = match names.len() {
                1 => format!("{} has no version", names[0]),
                _ => format!("{} have no version", names.join(", ")),
            };
            findings
                .report(first.span, message)
                .aliases(&[alias])
                .note("two builds of this file may install different versions")
                .help(format!("write the version: `{example}`; or build from a snapshot of the archive"));
        }
    }
}

type Argument<'a> = crate::lint::context::Argument<'a>;

fn code(manager: Manager) -> Option<(&'static str, &'static str)> {
    Some(match manager {
        Manager::AptGet => ("DL3008", "name=version"),
        Manager::Apk => ("DL3018", "name=version"),
        Manager::Yum => ("DL3033", "name-version"),
        Manager::Zypper => ("DL3037", "name=version"),
        Manager::Dnf => ("DL3041", "name-version"),
        Manager::Apt => return None,
    })
}

fn unpinned<'c, 'a>(install: &Install<'c, 'a>, as_hadolint: bool) -> Vec<&'c Argument<'a>> {
    let packages = install.packages().iter().copied();
    packages.filter(|package| !is_pinned(install.manager, package, as_hadolint)).collect()
}

/// What follows a value that is not known counts as a version. Of a word about which nothing is known hadolint says
/// that it has none.
fn is_pinned(manager: Manager, package: &Argument<'_>, as_hadolint: bool) -> bool {
    let name = package.text.as_str();
    if !package.is_complete && name.is_empty() {
        return !as_hadolint;
    }
    match manager {
        // `name/release` takes it from there; `name-` removes it.
        Manager::AptGet | Manager::Apt => {
            name.contains(['=', '/']) || name.ends_with(".deb") || !as_hadolint && name.ends_with('-')
        }
        Manager::Apk => {
            name.contains(['=', '~', '<', '>']) || name.ends_with(".apk") || name.starts_with(['.', '/', '!'])
        }
        Manager::Zypper => name.contains(['=', '<', '>']) || name.ends_with(".rpm"),
        // A dash may also be part of the name. The streams of modules follow a colon.
        Manager::Yum | Manager::Dnf => {
            let version = name
                .match_indices('-')
                .any(|(at, _)| name[at + 1..].starts_with(|char: char| char.is_ascii_digit()));
            version
                || name.contains(':')
                || name.ends_with(".rpm")
                || name.contains("-$")
                || name.ends_with('-')
        }
    }
}

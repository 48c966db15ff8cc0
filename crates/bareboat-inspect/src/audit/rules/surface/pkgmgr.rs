//! No package manager.

use super::listed;
use crate::facts::{Ecosystem, Tool};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "pkgmgr",
    aliases: &["CIS-4.3"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("pkgmgr.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (executable, names) in facts.surface.tools(Tool::PackageManager) {
        let draft = findings
            .report_at(&executable.path, format!("{} can be executed: a package manager", listed(&names)));
        match executable.is_busybox {
            true => draft
                .severity(Severity::Info)
                .note("BusyBox's applet, which unpacks packages and installs nothing"),
            false => draft.note("it can bring anything else").help("copy what runs into an image without it"),
        };
    }
    for package in facts
        .packages
        .iter()
        .filter(|package| package.ecosystem == Ecosystem::Python && package.name == "pip")
    {
        let site = package.site.clone().unwrap_or_default();
        if facts
            .site_of(&site)
            .and_then(|site| site.minor)
            .is_none_or(|minor| facts.python_versions().contains(&minor))
        {
            findings
                .report_at(&package.evidence, format!("`python -m pip` works: pip {} is installed", package.version))
                .note("it can bring anything else")
                .help("remove it in the last stage, or make the environment with `python -m venv --without-pip`");
        }
    }
    for path in facts.tree().entries.keys() {
        let is_bundled =
            path.parent().is_some_and(|parent| parent.to_str_lossy().ends_with("/ensurepip/_bundled"));
        if is_bundled && path.file_name().starts_with(b"pip-") {
            findings
                .report_at(path, "`python -m ensurepip` brings pip")
                .severity(Severity::Info)
                .help("remove the directory `ensurepip` of the standard library");
        }
    }
}

//! An interpreter reads the directories that packages are in.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::SiteDirectory;
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "py-path",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("py-path.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let versions = facts.python_versions();
    let named: Vec<TreePath> = facts
        .variable("PYTHONPATH")
        .unwrap_or_default()
        .split(':')
        .filter_map(|part| facts.at(part))
        .collect();
    let mut counts: BTreeMap<&TreePath, usize> = BTreeMap::new();
    for site in facts.packages.iter().filter_map(|package| package.site.as_ref()) {
        *counts.entry(site).or_default() += 1;
    }
    for site in &facts.sites {
        let count = counts.get(&site.path).copied().unwrap_or_default();
        // Distributions leave empty directories for other versions.
        let has_modules = facts.tree().below(&site.path).any(|(path, _)| path.file_name().ends_with(b".py"));
        if (count == 0 && !has_modules) || named.contains(&site.path) {
            continue;
        }
        let is_read = site.minor.map_or(!versions.is_empty(), |minor| versions.contains(&minor));
        if is_read {
            continue;
        }
        report(findings, site, count, &versions);
    }
}

/// A directory that no interpreter of `versions` reads.
fn report(findings: &mut Findings<'_>, site: &SiteDirectory, count: usize, versions: &BTreeSet<u32>) {
    let path = &site.path;
    let packages = match count {
        0 => "modules".to_owned(),
        1 => "1 package".to_owned(),
        more => format!("{more} packages"),
    };
    if versions.is_empty() {
        let message = format!("{packages} in `{path}`, and no Python interpreter in the image");
        findings.report_at(path, message).severity(Severity::Warning);
        return;
    }
    let wanted = site.minor.map_or("Python".to_owned(), |minor| format!("CPython 3.{minor}"));
    let present: Vec<String> = versions.iter().map(|minor| format!("3.{minor}")).collect();
    let present = present.join(", ");
    findings
        .report_at(
            path,
            format!("{packages} in `{path}`, where only {wanted} looks; the image has {present}"),
        )
        .note("importing them fails with `ModuleNotFoundError`")
        .help("make the environment with the Python version that the image has");
}

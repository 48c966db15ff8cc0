//! Python distributions that nothing seems to import.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_packages::pypi::DistributionName;
use bareboat_report::{Severity, size};

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::{Ecosystem, Facts, Package};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "py-unused",
    aliases: &[],
    group: Group::Waste,
    severity: Severity::Info,
    default_on: false,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("py-unused.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let all: BTreeMap<&str, &Package> = facts
        .packages
        .iter()
        .filter(|package| package.ecosystem == Ecosystem::Python)
        .map(|package| (package.name.as_str(), package))
        .collect();
    let Some(mut pending) = used(facts) else { return };
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = pending.pop() {
        let Some((name, package)) = all.get_key_value(name.as_str()) else { continue };
        if needed.insert(name) {
            pending.extend(package.requires.iter().cloned());
        }
    }
    let mut unused: Vec<&Package> =
        all.values().copied().filter(|package| !needed.contains(package.name.as_str())).collect();
    unused.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let Some(largest) = unused.first() else { return };
    let bytes: u64 = unused.iter().map(|package| package.bytes).sum();
    let message = match unused.len() {
        1 => format!("`{}` is possibly unused: {}", largest.name, size(bytes)),
        more => format!("{more} distributions are possibly unused: {}", size(bytes)),
    };
    let draft = findings.report_at(&largest.evidence, message).unknown();
    for package in unused.iter().take(5) {
        draft.note(format!("`{}`, {}", package.title(), size(package.bytes)));
    }
    draft.note(
        "no source of the application imports them, and no distribution that is imported requires them",
    );
}

/// Distributions that the application's sources import, and those whose programs the command starts; `None` where no
/// source of an application was found.
fn used(facts: &Facts) -> Option<Vec<String>> {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for site in &facts.sites {
        for (path, _) in facts.tree().below(&site.path) {
            let Some(package) = facts.owner(path).filter(|package| package.ecosystem == Ecosystem::Python)
            else {
                continue;
            };
            let below = path.strip_prefix(&site.path);
            let Some(top) = below.as_ref().and_then(|below| below.components().next()) else { continue };
            let top = String::from_utf8_lossy(top).split('.').next().unwrap_or_default().to_owned();
            modules.entry(top).or_default().insert(package.name.clone());
        }
    }
    let mut used = BTreeSet::new();
    let mut has_sources = false;
    for path in facts.tree().entries.keys() {
        let Some(imports) = facts.content(path).and_then(|content| content.imports.as_ref()) else {
            continue;
        };
        has_sources |= path.file_name().ends_with(b".py");
        for import in imports.all.iter().filter(|import| import.level == 0) {
            let top = import.module.split('.').next().unwrap_or_default();
            used.extend(modules.get(top).into_iter().flatten().cloned());
        }
    }
    let words = facts.command();
    used.extend(words.iter().filter_map(|word| Some(facts.owner(&facts.at(word)?)?.name.clone())));
    used.extend(words.iter().filter_map(|word| Some(DistributionName::new(word).ok()?.as_str().to_owned())));
    has_sources.then(|| used.into_iter().collect())
}

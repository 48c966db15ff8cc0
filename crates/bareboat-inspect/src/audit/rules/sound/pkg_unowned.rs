//! Every program and library belongs to a package.

use bareboat_image::TreePath;
use bareboat_report::{Severity, size};

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::Ecosystem;
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "pkg-unowned",
    aliases: &["CIS-4.11"],
    group: Group::Sound,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pkg-unowned.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    // Where no system's package manager wrote anything down, nothing could belong to it.
    if facts.packages.iter().all(|package| package.ecosystem == Ecosystem::Python) {
        return;
    }
    let mut unowned: Vec<(u64, &TreePath)> = facts
        .elf()
        .into_keys()
        .filter(|path| facts.owner(path).is_none())
        .map(|path| (facts.tree().get(path).map_or(0, |entry| entry.size()), path))
        .collect();
    unowned.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let Some((_, largest)) = unowned.first() else { return };
    let message = match unowned.len() {
        1 => format!("`{largest}` belongs to no package"),
        all => format!("{all} programs and libraries belong to no package"),
    };
    let draft = findings.report_at(largest, message);
    for (bytes, path) in unowned.iter().take(3) {
        draft.note(format!("`{path}`, {}", size(*bytes)));
    }
    draft.note("scanners know packages: they do not see these and their holes");
}

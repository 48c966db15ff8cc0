//! Symbolic links lead somewhere.

use bareboat_image::{Kind, TreePath};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "link-dangling",
    aliases: &[],
    group: Group::Sound,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("link-dangling.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (path, entry) in &facts.tree().entries {
        let Kind::Symlink { target } = &entry.kind else { continue };
        if facts.tree().resolve(path).is_some() || is_made_at_run_time(path, target) {
            continue;
        }
        let draft =
            findings.report_at(path, format!("`{path}` leads to `{target}`, which is not in the image"));
        if facts.is_on_search_path(path) {
            draft.severity(Severity::Warning);
        }
    }
}

/// The kernel and the engine fill these.
fn is_made_at_run_time(path: &TreePath, target: &str) -> bool {
    let absolute = match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{}/{target}", path.parent().unwrap_or_default().to_str_lossy()),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in absolute.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.first().is_some_and(|first| ["proc", "sys", "dev", "run"].contains(first))
}

//! The same content more than once.

use std::collections::BTreeMap;

use bareboat_image::{Kind, TreePath};
use bareboat_report::Severity;
use bareboat_report::size;
use bareboat_store::Digest;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "waste-dup",
    aliases: &[],
    group: Group::Waste,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("waste-dup.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let mut copies: BTreeMap<(u64, Digest), Vec<&TreePath>> = BTreeMap::new();
    for (path, entry) in &facts.tree().entries {
        // Hard links are names of one file, and entries of their own kind.
        if let Kind::File { digest, size } = entry.kind {
            copies.entry((size, digest)).or_default().push(path);
        }
    }
    let wasted = |size: u64, paths: &Vec<&TreePath>| size * (paths.len() as u64 - 1);
    let mut groups: Vec<(u64, Vec<&TreePath>)> = copies
        .into_iter()
        .map(|((size, _), paths)| (wasted(size, &paths), paths))
        .filter(|(bytes, _)| *bytes > 0)
        .collect();
    groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let Some((_, first)) = groups.first() else { return };
    let bytes = groups.iter().map(|(bytes, _)| bytes).sum();
    let count =
        if groups.len() == 1 { "1 content is".to_owned() } else { format!("{} contents are", groups.len()) };
    let draft = findings
        .report_at(first[0], format!("{count} there more than once: {} more than needed", size(bytes)));
    for (bytes, paths) in groups.iter().take(3) {
        draft.note(format!("{} in {} copies of `{}`", size(*bytes), paths.len() - 1, paths[0]));
    }
    draft.help("make them hard links, or copy one of them only");
}

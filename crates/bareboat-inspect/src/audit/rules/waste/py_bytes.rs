//! No files of Python packages that nothing runs.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_report::Severity;
use bareboat_report::size;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "py-bytes",
    aliases: &[],
    group: Group::Waste,
    severity: Severity::Info,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("py-bytes.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for site in &facts.sites {
        let mut kinds: BTreeMap<&'static str, (u64, &TreePath)> = BTreeMap::new();
        for (path, entry) in facts.tree().below(&site.path) {
            let below = path.strip_prefix(&site.path).unwrap_or_default();
            if let Some(kind) = kind(&below).filter(|_| entry.size() > 0) {
                kinds.entry(kind).or_insert((0, path)).0 += entry.size();
            }
        }
        for (kind, (bytes, first)) in kinds {
            findings
                .report_at(first, format!("{} of {kind} in `{}`", size(bytes), site.path))
                .help("leave them out when the image is made");
        }
    }
}

fn kind(path: &TreePath) -> Option<&'static str> {
    let parts: Vec<&[u8]> = path.components().collect();
    let (name, directories) = parts.split_last()?;
    let tool = parts
        .first()
        .filter(|first| [&b"pip"[..], b"setuptools", b"wheel", b"pkg_resources"].contains(*first));
    let source = [&b".c"[..], b".pyx", b".pxd", b".h", b".cpp"].iter().any(|suffix| name.ends_with(suffix));
    match () {
        () if tool.is_some() => Some("tools that install"),
        () if directories.iter().any(|part| [&b"test"[..], b"tests"].contains(part)) => Some("tests"),
        () if source => Some("sources of extension modules"),
        () => None,
    }
}

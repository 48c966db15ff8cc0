//! Files are what their package's checksums say.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::Facts;
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: NAME,
    aliases: &["CIS-4.11"],
    group: Group::Sound,
    severity: Severity::Warning,
    // Checksums of all files take longer than all other rules together.
    default_on: false,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pkg-integrity.md"),
    check,
};

pub(super) const NAME: &str = "pkg-integrity";

/// Where images are trimmed, and nothing that runs is missed.
const TRIMMED: [&str; 7] = [
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/info/",
    "usr/share/locale/",
    "usr/share/lintian/",
    "usr/share/bug/",
    "usr/share/doc-base/",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let mut missing: BTreeMap<TreePath, Vec<String>> = BTreeMap::new();
    for list in facts.tree().entries.keys().filter(|path| is_list(path)) {
        let text = facts.real(list).and_then(|real| Some(facts.content(&real)?.text()?.into_owned()));
        for (sum, path) in text.iter().flat_map(|text| text.lines()).filter_map(line) {
            match found(facts, &path) {
                Some((real, Some(md5))) if md5 != sum => {
                    findings
                        .report_at(&real, format!("`{real}` is not what its package brought"))
                        .note(format!("`{list}` has another checksum for it"))
                        .help("install the package again, or say in a waiver why the file was changed");
                }
                Some(_) => {}
                None if TRIMMED.iter().any(|place| path.starts_with(place)) => {}
                None => missing.entry(list.clone()).or_default().push(path),
            }
        }
    }
    for (list, paths) in missing {
        let package = String::from_utf8_lossy(list.file_name()).replace(".md5sums", "");
        let message = match paths.len() {
            1 => format!("a file of the package `{package}` is missing"),
            more => format!("{more} files of the package `{package}` are missing"),
        };
        let draft = findings.report_at(&list, message).severity(Severity::Info);
        for path in paths.iter().take(3) {
            draft.note(format!("`/{path}` is not there"));
        }
    }
}

fn is_list(path: &TreePath) -> bool {
    let directory = path.parent().unwrap_or_default();
    let directory = directory.to_str_lossy();
    path.file_name().ends_with(b".md5sums")
        && (directory.ends_with("lib/dpkg/info") || directory.ends_with("lib/dpkg/status.d"))
}

/// `CHECKSUM  PATH`.
fn line(line: &str) -> Option<([u8; 16], String)> {
    let (sum, path) = line.split_once("  ")?;
    let mut bytes = [0; 16];
    if sum.len() != 32 || !sum.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(sum.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some((bytes, path.trim_start_matches("./").to_owned()))
}

/// The regular file at a path as it was before `/usr` was merged, and its checksum; no checksum for another kind of file.
fn found(facts: &Facts, path: &str) -> Option<(TreePath, Option<[u8; 16]>)> {
    let path = TreePath::new(path).ok()?;
    let parent = facts.tree().resolve(&path.parent()?)?;
    let named = parent.join(path.file_name()).ok()?;
    facts.tree().get(&named)?;
    let real = facts.real(&named)?;
    let is_itself = facts.file(&named).is_some();
    let md5 = facts.content(&real).and_then(|content| content.md5).filter(|_| is_itself);
    Some((named, md5))
}

//! ELF files are for the processor of the image.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::elf::ElfKind;

use crate::facts::{Facts, Package, Processor};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "elf-arch",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("elf-arch.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let Some(wanted) = facts.processor() else { return };
    let started = facts.start().chain;
    // One finding for all files of a kind: a whole image may be for the wrong processor.
    let mut wrong: BTreeMap<(Severity, String), Vec<&TreePath>> = BTreeMap::new();
    for (path, elf) in facts.elf() {
        if wanted.runs(elf) || elf.kind == ElfKind::Relocatable || is_data(path) || started.contains(path) {
            continue;
        }
        let is_used =
            facts.is_on_search_path(path) || facts.is_in_libraries(path) || is_extension(facts, path);
        let severity = if is_used { Severity::Error } else { Severity::Info };
        wrong.entry((severity, Processor::name_of(elf))).or_default().push(path);
    }
    for ((severity, found), paths) in wrong {
        let others =
            if paths.len() > 1 { format!(", and {} more files", paths.len() - 1) } else { String::new() };
        let message = format!("`{}` is for {found}, the image for {}{others}", paths[0], wanted.name);
        let draft = findings.report_at(paths[0], message).severity(severity);
        match severity {
            Severity::Error => draft.help(format!("build or download them for {}", wanted.name)),
            _ => draft.note("it is where nothing looks for programs or libraries, and may be data"),
        };
    }
}

/// A module that Python finds and that its package does not bring for several platforms.
fn is_extension(facts: &Facts, path: &TreePath) -> bool {
    let name = path.file_name();
    let is_for_any =
        |package: &Package| !package.tags.is_empty() && package.tags.iter().all(|tag| tag.ends_with("-any"));
    facts.site_of(path).is_some() && name.ends_with(b".so") && !facts.owner(path).is_some_and(is_for_any)
}

/// Firmware and tests hold files of all kinds.
fn is_data(path: &TreePath) -> bool {
    let names: [&[u8]; 5] = [b"firmware", b"test", b"tests", b"testdata", b"fixtures"];
    path.components().any(|part| names.contains(&part))
}

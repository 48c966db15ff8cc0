//! Needed libraries are where the loader looks.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::elf::loader::Finding as Fault;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "elf-closure",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("elf-closure.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    // By what is missing: one library may be missed by a hundred files.
    let mut missing: BTreeMap<(&str, bool), Vec<(&TreePath, &Fault)>> = BTreeMap::new();
    for (path, faults) in facts.load.iter().flat_map(|load| &load.findings) {
        for fault in faults {
            let name = match fault {
                Fault::MissingLibrary { soname, .. }
                | Fault::PreloadedOnly { soname, .. }
                | Fault::FromHost { soname } => soname.as_str(),
                Fault::MissingVersion { version, .. } if !version.starts_with("GLIBC_") => version.as_str(),
                Fault::ExecutableStack => "an executable stack",
                _ => continue,
            };
            if !is_c_library(name) || facts.libcs.main().is_none() {
                missing.entry((name, fault.is_uncertain())).or_default().push((path, fault));
            }
        }
    }
    for ((_, is_uncertain), needs) in missing {
        let is_used = |(path, _): &&(&TreePath, &Fault)| facts.is_used_code(path);
        let (path, fault) = needs.iter().find(is_used).copied().unwrap_or(needs[0]);
        let draft = findings.report_at(path, format!("`{path}` {fault}"));
        if needs.len() > 1 {
            draft.note(format!("so do {} more files", needs.len() - 1));
        }
        if is_uncertain {
            draft.unknown();
            continue;
        }
        if !needs.iter().any(|need| is_used(&need)) {
            draft.severity(Severity::Warning).note("nothing that is known to be used needs it");
        }
        if let Fault::MissingLibrary { searched, elsewhere, .. } = fault {
            draft.note(format!("the loader looks in {}", searched.join(", ")));
            draft.help(match elsewhere.first() {
                Some(place) => format!(
                    "set `LD_LIBRARY_PATH={}`, or run `ldconfig` in the build",
                    place.parent().unwrap_or_default()
                ),
                None => "install the package that has it, or copy it".to_owned(),
            });
        }
    }
}

/// Judged by the rule `libc-mix` where the image has a C library.
fn is_c_library(name: &str) -> bool {
    name == "libc.so.6"
        || name.starts_with("libc.musl-")
        || name.starts_with("ld-linux")
        || name.starts_with("ld-musl")
}

//! Dynamic programs have their loader.

use bareboat_packages::elf::loader::Finding as Fault;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "elf-interp",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("elf-interp.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let started = facts.start().chain;
    for (path, faults) in facts.load.iter().flat_map(|load| &load.findings) {
        for fault in faults {
            let Fault::MissingInterpreter { interpreter } = fault else { continue };
            if started.contains(path) || !facts.is_executable_file(path) {
                continue;
            }
            let draft = findings.report_at(
                path,
                format!("`{path}` wants the loader `{interpreter}`, which is not in the image"),
            );
            if !facts.is_on_search_path(path) {
                draft.severity(Severity::Warning);
            }
            draft.note("starting it fails with `no such file or directory`, although it is there").help(
                match interpreter.contains("musl") {
                    true => "use a program built for glibc, or an image with musl",
                    false => "use a program built for this image's C library, or a static one",
                },
            );
        }
    }
}

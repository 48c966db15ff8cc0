//! Everything is built for the C library that is there.

use bareboat_packages::elf::loader::Finding as Fault;

use crate::facts::glibc_version;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "libc-mix",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("libc-mix.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let has_glibc = facts.libcs.glibc.is_some();
    let has_musl = facts.libcs.musl.is_some();
    if !has_glibc && !has_musl {
        return;
    }
    let has_shim = ["/lib/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"]
        .iter()
        .any(|path| facts.at(path).is_some());
    for (path, elf) in facts.elf() {
        let needs = |family: &str| elf.needed.iter().any(|name| name.starts_with(family));
        let wants = |loader: &str| elf.interpreter.as_ref().is_some_and(|name| name.contains(loader));
        let foreign = match () {
            () if !has_glibc && (needs("libc.so.6") || wants("ld-linux")) => ("glibc", "musl"),
            () if !has_musl && (needs("libc.musl-") || wants("ld-musl")) => ("musl", "glibc"),
            () => continue,
        };
        let (built_for, present) = foreign;
        let draft =
            findings.report_at(path, format!("`{path}` is built for {built_for}, the image has {present}"));
        if built_for == "glibc" && has_shim {
            draft.unknown().note("there is a layer of compatibility, which has some of glibc");
        } else if !facts.is_used_code(path) {
            draft.severity(Severity::Warning);
        }
        let wheel = if built_for == "musl" { "manylinux" } else { "musllinux" };
        draft.help(match facts.site_of(path).is_some() {
            true => format!("install the package's `{wheel}` wheel, by installing in a stage with {present}"),
            false => format!("build it in a stage with {present}, or link it statically"),
        });
    }
    versions(context, findings);
}

/// Symbol versions newer than the image's glibc: built on a newer system.
fn versions(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let own = facts.libcs.glibc.as_ref().and_then(|(_, version)| *version);
    let own = own.map_or("older".to_owned(), |(major, minor)| format!("{major}.{minor}"));
    for (path, faults) in facts.load.iter().flat_map(|load| &load.findings) {
        let wanted = faults.iter().filter_map(|fault| match fault {
            Fault::MissingVersion { version, .. } => glibc_version(version).map(|number| (number, version)),
            _ => None,
        });
        let Some((_, version)) = wanted.max() else { continue };
        let wanted = version.trim_start_matches("GLIBC_");
        let draft = findings.report_at(path, format!("`{path}` wants glibc {wanted}, the image has {own}"));
        if !facts.is_used_code(path) {
            draft.severity(Severity::Warning);
        }
        draft
            .note(format!("loading it fails: version `{version}` not found"))
            .help("build it on the release that the image has, or use a newer base image");
    }
}

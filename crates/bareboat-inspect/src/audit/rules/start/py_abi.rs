//! Extension modules are built for the interpreter that is there.

use std::collections::BTreeSet;

use bareboat_image::TreePath;
use bareboat_packages::pypi::{PythonVersion, Target};
use bareboat_packages::wheel::abi::{ExtensionName, Fit, judge};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::knowledge::LibcFamily;
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "py-abi",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("py-abi.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let versions = facts.python_versions();
    let Some(architecture) = facts.platform.as_ref().and_then(|platform| platform.architecture.parse().ok())
    else {
        return;
    };
    let is_musl = facts.libcs.main().is_some_and(|libc| libc.family == LibcFamily::Musl);
    let mut loads: BTreeSet<(TreePath, String, u32)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, elf) in facts.elf() {
        let Some(site) = facts.site_of(path).filter(|_| !elf.is_program()) else { continue };
        // Debian's directory for all versions is read by each of them; another version's by none.
        let readers: Vec<u32> = match site.minor {
            Some(minor) if versions.contains(&minor) => vec![minor],
            Some(_) => continue,
            None => versions.iter().copied().collect(),
        };
        // The suffix of CPython on musl differs in its last word only.
        let name = String::from_utf8_lossy(path.file_name());
        let name = if is_musl { name.replace("-linux-musl", "-linux-gnu") } else { name.into_owned() };
        let Some(module) = ExtensionName::parse(&name).map(|name| name.module.to_owned()) else { continue };
        let tags = facts.owner(path).map(|package| package.tags.as_slice()).unwrap_or_default();
        for minor in readers {
            let target = Target::new(PythonVersion::new(3, minor, 0), (2, 0), architecture);
            let Some(verdict) = judge(&name, tags, &target) else { continue };
            let key = (path.parent().unwrap_or_default(), module.clone(), minor);
            match verdict.fit {
                Fit::Loads | Fit::Unproven => drop(loads.insert(key)),
                Fit::Unseen | Fit::Wrong => wrong.push((path, key, verdict.because)),
            }
        }
    }
    // A package may bring a module for several interpreters; Debian's do.
    wrong.retain(|(_, key, _)| !loads.contains(key));
    let readable = |(directory, module, _): &(TreePath, String, u32)| {
        loads.iter().any(|(other, name, _)| other == directory && name == module)
    };
    for (path, key, because) in &wrong {
        if readable(key) {
            continue;
        }
        findings
            .report_at(path, format!("`{}` cannot be imported by CPython 3.{}: {because}", key.1, key.2))
            .note("importing it fails with `ModuleNotFoundError` or crashes")
            .help(format!("install the packages with CPython 3.{}, in a stage of the same release", key.2));
    }
}

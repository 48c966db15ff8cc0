//! The ignore file lets in what does not belong into an image.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "dockerignore-misses",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("dockerignore-misses.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(build) = context.build() else { return };
    // What cannot be understood may keep anything out.
    let (Some((path, text)), Some(_)) = (build.ignore_file(), build.ignore()) else { return };
    let missed: Vec<&str> = UNWANTED
        .iter()
        .copied()
        .filter(|name| build.kind(name).is_some() && !build.is_ignored(name))
        .collect();
    if missed.is_empty() {
        return;
    }
    let Some(span) = super::copied_whole(context) else { return };
    let names: Vec<String> = missed.iter().map(|name| format!("`{name}`")).collect();
    let mut wanted = text.to_owned();
    if !wanted.is_empty() && !wanted.ends_with('\n') {
        wanted.push('\n');
    }
    wanted.extend(missed.iter().flat_map(|name| [*name, "\n"]));
    findings
        .report(span, format!("everything is copied, and `{path}` lets {} in", names.join(", ")))
        .note("whoever has the image can read it")
        .help(format!("add a line for each to `{path}`"))
        .unsafe_fix(format!("add them to `{path}`"), [])
        .fix_writes(path, wanted);
}

/// History, secrets, and what is made anew inside the image.
const UNWANTED: &[&str] = &[
    ".git",
    ".env",
    ".env.local",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".ssh",
    ".aws",
    "id_rsa",
    "id_ed25519",
    ".venv",
    "venv",
    "node_modules",
];

//! Everything is copied, and there is no ignore file.

use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "dockerignore-missing",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("dockerignore-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(build) = context.build() else { return };
    if build.ignore_file().is_some() {
        return;
    }
    // Whoever names what is copied does not need it.
    let Some(span) = super::copied_whole(context) else { return };
    findings
        .report(span, "everything is copied, and there is no `.dockerignore`")
        .note("with it come `.git`, local settings, build results and whatever else lies about")
        .help("write a `.dockerignore`, or name what is copied")
        .unsafe_fix("write a `.dockerignore`", [])
        .fix_writes(".dockerignore", USUAL.concat());
}

/// What no image needs, whatever it is for.
const USUAL: &[&str] = &[
    ".git\n",
    ".dockerignore\n",
    "**/.env\n",
    "**/.env.*\n",
    "**/.venv\n",
    "**/__pycache__\n",
    "**/node_modules\n",
    "**/*.pem\n",
    "**/id_rsa\n",
    "**/id_ed25519\n",
];

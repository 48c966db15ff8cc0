//! No secrets in files.

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::{Ecosystem, Package};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "secret-file",
    aliases: &["CIS-4.10"],
    group: Group::Surface,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("secret-file.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for file in context.facts.secrets.iter().filter(|file| file.hidden_by.is_none()) {
        let (path, secret) = (&file.path, &file.secret);
        let shown = if secret.masked.is_empty() { String::new() } else { format!(" (`{}`)", secret.masked) };
        let message = format!("`{path}` holds {}{shown}", secret.what);
        let draft = findings.report_at(path, message);
        let is_public =
            |package: &&Package| package.ecosystem != Ecosystem::Python && !is_configuration(path);
        if let Some(package) = context.facts.owner(path).filter(is_public) {
            let note = format!("it came with the package {}, which everybody can download", package.title());
            draft.severity(Severity::Info).note(note);
            continue;
        }
        if is_test_data(path) {
            draft.severity(Severity::Info).note("it lies among tests, and is likely made up");
            continue;
        }
        draft
            .note("whoever can pull the image has it")
            .help("revoke it, and give it to the build with `RUN --mount=type=secret`, to the container as a mounted file");
    }
}

/// Files of packages that people edit.
fn is_configuration(path: &TreePath) -> bool {
    path.components().next() == Some(b"etc")
}

/// Keys in the test suites of libraries are public.
fn is_test_data(path: &TreePath) -> bool {
    let names: [&[u8]; 6] = [b"test", b"tests", b"testing", b"testdata", b"certifi", b"certdata"];
    path.components().any(|part| names.contains(&part))
}

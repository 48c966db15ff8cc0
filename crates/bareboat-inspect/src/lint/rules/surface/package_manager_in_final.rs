//! The last stage has a package manager that nothing in the file uses.

use bareboat_report::Severity;

use super::unneeded::needs_nothing_but_files;
use crate::knowledge::PackageManager;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "package-manager-in-final",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("package-manager-in-final.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let manager = context.base(view).and_then(|facts| facts.package_manager);
    if manager.is_none_or(|manager| manager == PackageManager::None)
        || !needs_nothing_but_files(context, view)
    {
        return;
    }
    findings
        .report(view.stage.from.image.span, "this image has a package manager, and nothing here uses it")
        .note("whoever breaks in installs with it what is missing")
        .help("take an image without one: distroless or hardened, with the same C library");
}

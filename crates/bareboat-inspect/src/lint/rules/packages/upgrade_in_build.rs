//! Everything the base image has is upgraded.

use bareboat_report::Severity;

use super::installs::Manager;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "upgrade-in-build",
    aliases: &["DL3035", "DS-0024"],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("upgrade-in-build.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in &run.calls {
            let Some(manager) = Manager::of(call) else { continue };
            let options = call.options(manager.grammar());
            let Some(subcommand) = options.subcommand() else { continue };
            let everything = options.operands.len() == 1;
            let upgrades = match manager {
                Manager::AptGet | Manager::Apt => {
                    matches!(subcommand, "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade")
                }
                Manager::Apk => subcommand == "upgrade",
                Manager::Yum | Manager::Dnf => {
                    matches!(
                        subcommand,
                        "update" | "upgrade" | "distro-sync" | "distribution-synchronization"
                    )
                }
                Manager::Zypper => matches!(subcommand, "update" | "up" | "dist-upgrade" | "dup"),
            };
            if !upgrades || !everything {
                continue;
            }
            let message = format!("`{} {subcommand}` replaces what the base image brought", call.name);
            let draft = findings.report(call.span, message);
            match (manager, subcommand) {
                (Manager::Zypper, "dist-upgrade" | "dup") => {
                    draft.severity(Severity::Warning).aliases(&["DL3035"])
                }
                (Manager::AptGet | Manager::Apt, "dist-upgrade") => draft.aliases(&["DS-0024"]),
                _ => draft.aliases(&[]),
            };
            draft
                .note("the old files stay in the layers below, and no two builds are the same")
                .help("take a newer base image");
        }
    }
}

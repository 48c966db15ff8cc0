//! Volumes are where data belongs.

use crate::facts::Access;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "volume",
    aliases: &["DKL-DI-0002"],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("volume.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for volume in &facts.config.volumes {
        let place = format!("/{}", volume.trim_matches('/'));
        let is_system = ["/", "/proc", "/sys", "/dev", "/etc"].contains(&place.as_str());
        if is_system || ["/proc/", "/sys/", "/dev/"].iter().any(|system| place.starts_with(system)) {
            findings
                .report(format!("the volume `{volume}` covers a directory of the system"))
                .severity(Severity::Error)
                .help("declare a directory for data");
            continue;
        }
        match facts.at(volume).filter(|path| facts.tree().get(path).is_some()) {
            None => {
                findings
                    .report(format!("the volume `{volume}` is not in the image, and will belong to root"))
                    .severity(if facts.user.is_root() { Severity::Info } else { Severity::Warning })
                    .help("make the directory with the owner that writes it");
            }
            Some(path) if !facts.may(Access::Write, &path) => {
                findings
                    .report_at(&path, format!("the image's user may not write the volume `{volume}`"))
                    .help("let the user own it");
            }
            Some(_) => {}
        }
    }
}

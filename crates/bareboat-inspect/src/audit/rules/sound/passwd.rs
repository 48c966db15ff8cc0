//! Accounts are locked and distinct.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "passwd",
    aliases: &["DKL-LI-0001", "DKL-LI-0002"],
    group: Group::Sound,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("passwd.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let at = |name: &str| TreePath::new(format!("etc/{name}")).unwrap_or_default();
    let accounts = &facts.accounts;
    for account in accounts.users().iter().filter(|account| account.password.is_empty()) {
        findings
            .report_at(&at("passwd"), format!("user `{}` has no password and needs none", account.name))
            .severity(Severity::Error)
            .help("write `x` or `*` into the second field");
    }
    for (name, _) in accounts.shadow.iter().filter(|(_, hash)| hash.is_empty()) {
        findings
            .report_at(&at("shadow"), format!("user `{name}` has an empty password"))
            .severity(Severity::Error)
            .help("write `*` into the second field");
    }
    let users = accounts.users().iter().map(|account| (account.name.as_str(), account.uid));
    doubles(users, "user", &at("passwd"), findings);
    let groups = accounts.groups().iter().map(|group| (group.name.as_str(), group.gid));
    doubles(groups, "group", &at("group"), findings);
}

/// Lines that say the same name or number again.
fn doubles<'a>(
    rows: impl Iterator<Item = (&'a str, u32)>,
    kind: &str,
    path: &TreePath,
    findings: &mut Findings<'_>,
) {
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeMap::new());
    for (name, number) in rows {
        if !names.insert(name) {
            findings.report_at(path, format!("{kind} `{name}` is there twice: only the first counts"));
        } else if let Some(other) = numbers.insert(number, name) {
            findings.report_at(path, format!("{kind}s `{other}` and `{name}` have the same number {number}"));
        }
    }
}

//! COPY after USER, and the files belong to root all the same.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-after-user-no-chown",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-after-user-no-chown.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps().filter(|(_, step)| !step.is_onbuild() && !step.triggered) {
        let transfer = match &step.command.kind {
            Kind::Copy(copy) => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            _ => continue,
        };
        // Only who is set in this file: a hardened image's own user is meant not to own the code.
        let Some(user) = step.state.user.as_deref().filter(|user| !is_root(user)) else { continue };
        if transfer.chown.is_some() {
            continue;
        }
        let keyword = step.command.keyword.span;
        let draft = findings.report(keyword, format!("these files belong to root, not to `{user}`"));
        draft
            .note("`USER` changes who runs commands, not whom copied files belong to: the user can read them and not write them")
            .help(format!("add `--chown={user}` where the program changes these files"));
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, ':' | '-' | '_' | '.');
        if user.chars().all(plain) {
            let flag = format!(" --chown={user}");
            draft.unsafe_fix(format!("copy with `--chown={user}`"), [Edit::insert(keyword.end, flag)]);
        }
    }
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
}

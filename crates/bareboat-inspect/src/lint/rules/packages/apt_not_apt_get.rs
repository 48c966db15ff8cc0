//! `apt` in a script.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "apt-not-apt-get",
    aliases: &["DL3027", "CKV_DOCKER_9"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("apt-not-apt-get.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["apt"]) {
            let draft = findings.report(call.program.span, "`apt` is made for people, not for scripts");
            draft
                .note("its options and its output may change with any release")
                .help("call `apt-get` or `apt-cache`");
            let options = call.options(&grammar::APT);
            let same = options.subcommand().is_some_and(|name| SAME.contains(&name));
            let bare = call.program.word.is_some_and(|word| word.is_bare()) && call.program.is("apt");
            if same && bare {
                draft.safe_fix("call `apt-get`", [Edit::replace(call.program.span, "apt-get")]);
            }
        }
    }
}

/// What both do in the same way.
const SAME: &[&str] = &[
    "update",
    "install",
    "remove",
    "purge",
    "autoremove",
    "clean",
    "autoclean",
    "build-dep",
    "download",
    "source",
];

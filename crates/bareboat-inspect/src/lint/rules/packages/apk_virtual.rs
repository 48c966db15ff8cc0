//! Packages are installed for one command and deleted again by their names, where apk has a name for all of them.

use std::collections::BTreeSet;

use bareboat_report::Severity;

use super::installs::{Manager, installs};
use crate::lint::context::{Execution, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "apk-virtual",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Style,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("apk-virtual.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        let deleted = deleted(run);
        for install in installs(run).filter(|install| install.manager == Manager::Apk) {
            if install.options.has(&["-t", "--virtual"]) {
                continue;
            }
            let names = install.packages().iter().filter_map(|word| word.value());
            let again = names.filter(|name| deleted.contains(*name)).count();
            if again < 2 {
                continue;
            }
            findings
                .report(install.call.span, "these packages are named again where they are deleted")
                .note("what is added to one list and not to the other stays in the image")
                .help("add them with `--virtual .build-deps`, and delete `.build-deps`");
        }
    }
}

/// What `apk del` names.
fn deleted(run: &Execution<'_>) -> BTreeSet<String> {
    let calls = run.calls_of(&["apk"]).map(|call| call.options(&grammar::APK));
    let deletions = calls.filter(|options| options.subcommand() == Some("del"));
    deletions
        .flat_map(|options| {
            options.rest().iter().filter_map(|word| word.value()).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

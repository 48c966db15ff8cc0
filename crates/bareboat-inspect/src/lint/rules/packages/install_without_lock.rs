//! npm installs without looking at the lock file.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "install-without-lock",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("install-without-lock.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(build) = context.build() else { return };
    if build.kind("package-lock.json").is_none() || build.is_ignored("package-lock.json") {
        return;
    }
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["npm"]) {
            let options = call.options(&grammar::NPM);
            let [subcommand] = options.operands.as_slice() else { continue };
            let global = options.has(&["-g", "--global", "--prefix", "-C"]);
            if global || !(subcommand.is("install") || subcommand.is("i")) {
                continue;
            }
            let draft =
                findings.report(subcommand.span, "this may install other versions than the lock file says");
            draft.note("`npm install` changes the lock file where it does not fit").help("write `npm ci`");
            if subcommand.word.is_some_and(|word| word.is_bare()) {
                draft.unsafe_fix("write `npm ci`", [Edit::replace(subcommand.span, "ci")]);
            }
        }
    }
}

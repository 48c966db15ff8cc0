//! apk keeps its index in the image.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::{Call, grammar};
use crate::lint::rules::packages::installs::{Manager, of_call};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "apk-cache",
    aliases: &["DL3019", "DS-0025"],
    group: Group::Size,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("apk-cache.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        if run.mount_over("/var/cache/apk").is_some() || run.mount_over("/etc/apk/cache").is_some() {
            continue;
        }
        for (index, call) in run.calls.iter().enumerate() {
            let Some(install) = of_call(call).filter(|install| install.manager == Manager::Apk) else {
                continue;
            };
            let own_directory = ["--no-cache", "--cache-dir", "--root", "-p"];
            if install.options.has(&own_directory) {
                continue;
            }
            // The same in other words; hadolint does not see it.
            let deleted = run.calls[index..].iter().any(deletes);
            if deleted && !context.as_hadolint() {
                continue;
            }
            let draft = findings.report(call.span, "apk keeps its package index in this layer");
            draft.help("add `--no-cache`: it needs no `apk update` before it either");
            if let Some(at) = install.behind_subcommand() {
                draft.safe_fix("keep no index", [Edit::insert(at, " --no-cache")]);
            }
        }
    }
}

fn deletes(call: &Call<'_>) -> bool {
    let is_cache = |path: &str| path.trim_end_matches(['*', '/']) == "/var/cache/apk";
    call.is(&["rm"]) && call.options(&grammar::PLAIN).operands.iter().any(|path| is_cache(&path.text))
}

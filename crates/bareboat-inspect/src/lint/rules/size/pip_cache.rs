//! pip keeps what it downloaded.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::{Call, Step, grammar};
use crate::lint::rules::packages::{installs::behind, pip};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pip-cache",
    aliases: &["DL3042"],
    group: Group::Size,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("pip-cache.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        let mounted = run.mounts.iter().any(|mount| {
            let target = mount.target.as_deref().unwrap_or_default().trim_end_matches('/');
            target.ends_with("/.cache") || target.ends_with("/.cache/pip") || target.ends_with("/pip-cache")
        });
        if mounted || run.mount_over("/root/.cache/pip").is_some() {
            continue;
        }
        for call in pip::installs(run) {
            let options = call.options(&grammar::PIP);
            if options.has(&["--no-cache-dir", "--cache-dir"]) || is_off(context, step, &call) {
                continue;
            }
            let draft = findings.report(call.span, "pip keeps its downloads in this layer");
            draft.note("a container never needs them").help("add `--no-cache-dir`, or mount a cache");
            if let Some(at) = options.operands.first().and_then(|word| behind(word)) {
                draft.safe_fix("keep no downloads", [Edit::insert(at, " --no-cache-dir")]);
            }
        }
    }
}

/// `PIP_NO_CACHE_DIR` says so, in front of the call, exported in the script, or as a variable.
fn is_off(context: &Context<'_>, step: &Step<'_>, call: &Call<'_>) -> bool {
    let inline = call.environment.iter().rev().find(|(name, _)| name == "PIP_NO_CACHE_DIR");
    let exports = step.run().map(|run| run.calls.as_slice()).unwrap_or_default();
    let exports = exports.iter().filter(|call| call.is(&["export"])).flat_map(|call| &call.arguments);
    let exported = exports.filter_map(|word| word.value()?.strip_prefix("PIP_NO_CACHE_DIR=")).next_back();
    let value = match inline {
        Some((_, value)) => value.as_deref(),
        None if exported.is_some() => exported,
        None => context.variable(step, "PIP_NO_CACHE_DIR").map(|(value, _)| value),
    };
    let is_true =
        |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y" | "t");
    value.is_some_and(is_true)
}

//! useradd with a large number and its log.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::Grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "useradd-high-uid",
    aliases: &["DL3046"],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("useradd-high-uid.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["useradd"]) {
            let options = call.options(&USERADD);
            let Some(number) = options.value(&["-u", "--uid"]) else { continue };
            let is_high = number.len() > 5 && number.bytes().all(|byte| byte.is_ascii_digit());
            if !is_high || options.has(&["-l", "--no-log-init"]) {
                continue;
            }
            let draft =
                findings.report(call.span, format!("`useradd` with the number {number} writes a huge file"));
            draft
                .note("the login log has a slot for each number up to this one: gigabytes of zeros in the layer")
                .help("add `--no-log-init`");
            if call.program.word.is_some_and(|word| word.is_bare()) {
                draft.safe_fix("leave the login log alone", [Edit::insert(call.program.span.end, " -l")]);
            }
        }
    }
}

/// useradd(8).
const USERADD: Grammar = Grammar { valued: super::USERADD, single_dash: false };

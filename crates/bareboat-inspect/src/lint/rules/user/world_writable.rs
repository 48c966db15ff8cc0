//! Everybody may write.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "world-writable",
    aliases: &[],
    group: Group::User,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("world-writable.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["chmod"]) {
            let mode = call.arguments.iter().find(|argument| is_mode(&argument.text));
            let files = call.options(&grammar::PLAIN).operands.len() > 1;
            let Some(mode) = mode.filter(|mode| files && mode.is_complete && opens(&mode.text)) else {
                continue;
            };
            report(findings, mode.span, &mode.text);
        }
    }
    for (_, step) in context.steps() {
        let transfer = match &step.effective().kind {
            Kind::Copy(copy) => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            _ => continue,
        };
        let Some(mode) = transfer.chmod.as_ref().filter(|mode| opens(&mode.text)) else { continue };
        report(findings, mode.span, &mode.text);
    }
}

fn report(findings: &mut Findings<'_>, span: bareboat_dockerfile::Span, mode: &str) {
    findings
        .report(span, format!("mode `{mode}` lets every user write"))
        .note("whoever breaks into any program of the container can replace these files")
        .help("let the owner write, and make that the user of the container");
}

fn is_mode(text: &str) -> bool {
    !text.starts_with("--")
        && !text.is_empty()
        && (text.bytes().all(|byte| byte.is_ascii_digit()) || text.contains(['+', '=']))
}

/// Others may write, and no sticky bit keeps their hands off what is not theirs.
fn opens(mode: &str) -> bool {
    if mode.bytes().all(|byte| byte.is_ascii_digit()) {
        let Ok(bits) = u32::from_str_radix(mode, 8) else { return false };
        return bits & 0o002 != 0 && bits & 0o1000 == 0;
    }
    let sticky = mode.contains('t');
    !sticky
        && mode.split(',').any(|clause| {
            let Some((who, what)) = clause.split_once(['+', '=']) else { return false };
            who.contains(['o', 'a']) && what.contains('w')
        })
}

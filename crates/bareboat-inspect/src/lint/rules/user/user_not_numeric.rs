//! The user is a name.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-not-numeric",
    aliases: &["DL3066"],
    group: Group::User,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-not-numeric.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // hadolint 2.15.1 looks at every USER.
    let every_one = context.as_hadolint();
    for stage in context.stages().iter().filter(|stage| stage.is_final || every_one) {
        let users = stage.steps.iter().filter_map(|step| match &step.command.kind {
            Kind::User(word) => Some((step, word)),
            _ => None,
        });
        let users: Vec<_> = users.collect();
        let from = if every_one { 0 } else { users.len().saturating_sub(1) };
        for (step, word) in &users[from..] {
            let Ok(value) = context.expand(step, &word.text) else { continue };
            let name = value.text.split(':').next().unwrap_or_default().to_owned();
            // hadolint takes what it does not know for a name.
            if name.is_empty() && every_one && !value.undefined().is_empty() {
                findings.report(word.span, format!("nobody knows whether `{}` is a number", word.text));
                continue;
            }
            if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let draft = findings.report(word.span, format!("the user `{name}` is a name"));
            draft.note("Kubernetes cannot tell from it that the container does not run as root, and refuses to start it");
            match context.base(stage).and_then(|base| base.users.as_ref()?.get(&name)) {
                Some(number) => draft.help(format!("write its number, `{number}`")),
                None => draft.help("write its number"),
            };
        }
    }
}

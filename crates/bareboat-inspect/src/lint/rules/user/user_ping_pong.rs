//! USER goes back to root and away again.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-ping-pong",
    aliases: &[],
    group: Group::User,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("user-ping-pong.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let own = view.steps.iter().filter(|step| !step.triggered);
        let users: Vec<_> = own
            .filter_map(|step| {
                let Kind::User(word) = &step.command.kind else { return None };
                let user =
                    context.expand(step, &word.text).ok().filter(|user| user.undefined().is_empty())?;
                Some((word.span, matches!(user.text.split(':').next(), Some("root" | "0"))))
            })
            .collect();
        for switch in users.windows(3) {
            let [(first, false), (root, true), (_, false)] = switch else { continue };
            findings
                .report(*root, "back to root, and away from it again")
                .related(*first, "root was given up here")
                .help("do everything that needs root first, and switch once");
        }
    }
}

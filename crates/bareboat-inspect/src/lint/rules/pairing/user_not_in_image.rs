//! USER names somebody the image does not know.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use super::base;
use super::opaque::may_bring_users;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "user-not-in-image",
    aliases: &["P11"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("user-not-in-image.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(users) = context.base(view).and_then(|facts| facts.users.as_ref()) else { return };
    if may_bring_users(context, view) {
        return;
    }
    // Only the last USER runs the image; a RUN in between could not start either, and is another rule's.
    let Some(step) = view.steps.iter().rfind(|step| matches!(step.command.kind, Kind::User(_))) else {
        return;
    };
    let Kind::User(word) = &step.command.kind else { return };
    let Ok(user) = context.expand(step, &word.text) else { return };
    let name = user.text.split(':').next().unwrap_or_default();
    let is_number = name.chars().all(|char| char.is_ascii_digit());
    // A build argument without a value is another mistake.
    if is_number || users.contains_key(name) || word.text.contains('$') {
        return;
    }
    let image = base::image(context, view);
    let draft = findings.report(word.span, format!("there is no user `{name}` in `{image}`"));
    draft
        .note(format!("`unable to find user {name}: no matching entries in passwd file`"))
        .help("name a number, such as 65532: it needs no entry");
    if !step.triggered {
        let replacement = if user.text.contains(':') { "65532:65532" } else { "65532" };
        draft.safe_fix("run as user 65532", [Edit::replace(word.span, replacement)]);
    }
}

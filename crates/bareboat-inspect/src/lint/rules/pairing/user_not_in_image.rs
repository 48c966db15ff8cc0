//! USER names somebody the image does not know.

use std::collections::BTreeMap;

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use super::base;
use super::opaque::may_bring_users;
use crate::lint::context::StageView;
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
    owners(context, view, users, findings);
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
        // The image's own user for this; otherwise a number that distroless made usual, which owns nothing there.
        let own = users.get("nonroot").copied();
        let number = own.unwrap_or(65532);
        let replacement =
            if user.text.contains(':') { format!("{number}:{number}") } else { number.to_string() };
        let edit = [Edit::replace(word.span, replacement)];
        match own {
            Some(_) => draft.safe_fix(format!("run as user {number}"), edit),
            None => draft.unsafe_fix(format!("run as user {number}"), edit),
        };
    }
}

/// `COPY --chown=NAME` fails the build when the image does not know the name.
fn owners(
    context: &Context<'_>,
    view: &StageView<'_>,
    users: &BTreeMap<String, u32>,
    findings: &mut Findings<'_>,
) {
    for step in view.steps.iter().filter(|step| !step.is_onbuild()) {
        let transfer = match &step.command.kind {
            Kind::Copy(copy) => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            _ => continue,
        };
        let Some(owner) = transfer.chown.as_ref().filter(|owner| !owner.text.contains('$')) else { continue };
        let name = owner.text.split(':').next().unwrap_or_default();
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || users.contains_key(name) {
            continue;
        }
        let image = base::image(context, view);
        findings
            .report(owner.span, format!("there is no user `{name}` in `{image}`"))
            .note(format!("the build fails: `can't find uid for user {name}: no such user: {name}`"))
            .help("name a number: it needs no entry");
    }
}

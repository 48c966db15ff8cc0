//! The last stage stands on an image that nobody builds any more, or on one that changes its release.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use super::base;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "runtime-unmaintained",
    aliases: &["P20"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("runtime-unmaintained.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(facts) = context.base(view) else { return };
    let links = context.chain(view);
    let Some(from) = links.first().map(|link| &link.stage.from.image) else { return };
    let image = base::image(context, view);
    // Without a day it is that of the facts: what had ended by then has ended.
    let ended = facts.unmaintained_since.filter(|since| context.today().is_none_or(|today| *since <= today));
    if let Some(since) = ended {
        let draft = findings.report(from.span, format!("nobody builds `{image}` any more, since {since}"));
        draft.note("it gets no security fixes: what it has today is what it keeps");
        let successor = facts.successor.as_deref();
        let next = successor.and_then(|name| crate::knowledge::lookup(name, context.today()));
        let pythons = base::python_minor(facts).zip(next.as_ref().and_then(base::python_minor));
        if let Some((old, new)) = pythons.filter(|(old, new)| old != new) {
            draft.note(format!(
                "its successor runs Python 3.{new} instead of 3.{old}: the builder must move too"
            ));
        }
        match (successor, next.as_ref().and_then(base::matching_python)) {
            (Some(name), Some(builder)) => draft.help(format!("use `{name}`, with `{builder}` to build on")),
            (Some(name), None) => draft.help(format!("use `{name}`")),
            _ => draft,
        };
        if let Some(name) = successor.filter(|_| next.is_some())
            && !from.text.contains('$')
            && from.span.len() == from.text.len()
        {
            draft.unsafe_fix(format!("use `{name}`"), [Edit::replace(from.span, name)]);
        }
        return;
    }
    let family = facts.family.as_deref().unwrap_or_default();
    if facts.release_floats == Some(true) && family.starts_with("distroless/") {
        let release = base::release(facts).unwrap_or_default();
        let number = facts.distribution.as_ref().and_then(|found| found.version.as_deref()).unwrap_or("13");
        let draft = findings.report(
            from.span,
            format!("`{image}` names no Debian release: it is {release} now and changes some day"),
        );
        draft
            .note("on 2026-01-30 it went from bookworm to trixie, and python3 from 3.11 to 3.13, without a word")
            .help(format!("add the release to the name: `-debian{number}`"));
        let name = format!("gcr.io/{family}");
        let behind = from.text.strip_prefix(&name).filter(|rest| rest.is_empty() || rest.starts_with(':'));
        if behind.is_some() && from.span.len() == from.text.len() {
            let edit = Edit::insert(from.span.start + name.len(), format!("-debian{number}"));
            draft.unsafe_fix(format!("add `-debian{number}`"), [edit]);
        }
    }
}

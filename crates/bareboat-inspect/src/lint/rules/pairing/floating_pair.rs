//! One stage names its release, the other one moves.

use std::collections::BTreeSet;

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::content;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "floating-pair",
    aliases: &["P19"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("floating-pair.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    let mut seen = BTreeSet::new();
    for arrival in arrivals(context, view) {
        let Some(builder) = arrival.made_on(context) else { continue };
        let Some((moves, stays)) = builder.release_floats.zip(runtime.release_floats) else { continue };
        let root = |stage| context.chain(stage).first().map(|link| &link.stage.from.image);
        if moves == stays || content(context, &arrival).is_none() {
            continue;
        }
        let (floating, pinned) = if moves { (arrival.maker, view) } else { (view, arrival.maker) };
        let facts = [context.base(floating), context.base(pinned)];
        let [Some(now), Some(pinned_on)] = facts.map(|facts| facts.and_then(base::release)) else { continue };
        // The pinned one has no release at all: scratch.
        let Some(from) = root(floating).filter(|from| seen.insert(from.span)) else { continue };
        let (name, other) = (base::image(context, floating), base::image(context, pinned));
        let message = format!("`{name}` names no release, but `{other}` stays on {pinned_on}");
        let draft = findings.report(from.span, message);
        match now == pinned_on {
            true => draft.note(format!("it stands on {now} today; when it moves, the two no longer fit")),
            false => draft.note(format!("it stands on {now} now: the two are different already")),
        };
        draft.help(format!("name the release in both: {pinned_on}"));
    }
}

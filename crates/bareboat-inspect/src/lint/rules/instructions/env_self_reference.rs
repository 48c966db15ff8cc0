//! ENV uses a variable that the same ENV sets.

use std::collections::BTreeMap;

use bareboat_dockerfile::stages::VariableSource;
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::Step;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "env-self-reference",
    aliases: &["DL3044"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("env-self-reference.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Env(pairs) = &step.effective().kind else { continue };
        let mut set_here: BTreeMap<&str, Vec<(usize, Span)>> = BTreeMap::new();
        for (index, pair) in pairs.pairs.iter().enumerate() {
            set_here.entry(&pair.name.text).or_default().push((index, pair.span));
        }
        for (index, pair) in pairs.pairs.iter().enumerate() {
            let Some(value) = &pair.value else { continue };
            let Ok(expanded) = context.expand(step, &value.text) else { continue };
            for reference in expanded.references.iter().filter(|reference| reference.modifier.is_none()) {
                let name = reference.name.as_str();
                let mut same = set_here.get(name).into_iter().flatten();
                let Some((_, other)) = same.find(|(other, _)| *other != index) else { continue };
                if is_set_before(context, step, name) {
                    continue;
                }
                findings
                    .report(
                        step.instruction.locate(value, reference.range.clone()),
                        format!("`${name}` does not have the value it gets in this `ENV` yet"),
                    )
                    .related(*other, "set here, for the instructions that follow")
                    .help("use two `ENV` instructions");
            }
        }
    }
}

/// An ENV or ARG above has the name; what the base image sets is usually meant to be replaced here.
fn is_set_before(context: &Context<'_>, step: &Step<'_>, name: &str) -> bool {
    let is_own = |source| !matches!(source, VariableSource::Base);
    context.variable(step, name).is_some_and(|(_, source)| is_own(source))
        // An ARG without value sets nothing, but whoever builds may.
        || context.is_declared(step, name)
}

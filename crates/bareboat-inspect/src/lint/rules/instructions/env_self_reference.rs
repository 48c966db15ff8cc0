//! ENV uses a variable that the same ENV sets.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::stages::VariableSource;
use bareboat_report::Severity;

use crate::lint::context::{StageView, Step};
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
    for (view, step) in context.steps() {
        let Kind::Env(pairs) = &step.effective().kind else { continue };
        for (index, pair) in pairs.pairs.iter().enumerate() {
            let Some(value) = &pair.value else { continue };
            let Ok(expanded) = context.expand(step, &value.text) else { continue };
            for reference in expanded.references.iter().filter(|reference| reference.modifier.is_none()) {
                let name = reference.name.as_str();
                let mut others = pairs.pairs.iter().enumerate().filter(|(other, _)| *other != index);
                let Some((_, other)) = others.find(|(_, other)| other.name.text == name) else { continue };
                if is_set_before(context, view, step, name) {
                    continue;
                }
                findings
                    .report(
                        step.instruction.locate(value, reference.range.clone()),
                        format!("`${name}` does not have the value it gets in this `ENV` yet"),
                    )
                    .related(other.span, "set here, for the instructions that follow")
                    .help("use two `ENV` instructions");
            }
        }
    }
}

/// An ENV or ARG above has the name; what the base image sets is usually meant to be replaced here.
fn is_set_before(context: &Context<'_>, view: &StageView<'_>, step: &Step<'_>, name: &str) -> bool {
    let is_own = |source| !matches!(source, VariableSource::Base);
    if context.variable(step, name).is_some_and(|(_, source)| is_own(source)) {
        return true;
    }
    // An ARG without value sets nothing, but whoever builds may.
    let chain = context.chain(view).into_iter().flat_map(|stage| &stage.steps);
    chain.take_while(|above| (above.stage, above.position) != (step.stage, step.position)).any(|above| {
        matches!(&above.command.kind, Kind::Arg(pairs) if pairs.iter().any(|pair| pair.name.text == name))
    })
}

//! The labels of a file: shared by the rules about them.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Pair;

use crate::lint::Context;
use crate::lint::context::{StageView, Step};

/// A label of a LABEL, with its values as the instruction sees them.
pub(super) struct Label<'c> {
    pub(super) pair: &'c Pair,
    /// `None` when some variable in it is not known.
    pub(super) name: Option<String>,
    /// Likewise.
    pub(super) value: Option<String>,
}

/// Every label, stage by stage. Those of ONBUILD are other images' and left out.
pub(super) fn all<'c>(context: &'c Context<'_>) -> impl Iterator<Item = Label<'c>> {
    context.stages().iter().flat_map(move |view| of_stage(context, view))
}

/// The labels a stage sets itself.
pub(super) fn of_stage<'c>(
    context: &'c Context<'_>,
    view: &'c StageView<'_>,
) -> impl Iterator<Item = Label<'c>> {
    view.steps.iter().flat_map(move |step| {
        let pairs = match &step.command.kind {
            Kind::Label(labels) => labels.pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().map(move |pair| Label {
            pair,
            name: known(context, step, &pair.name.text),
            value: pair.value.as_ref().and_then(|value| known(context, step, &value.text)),
        })
    })
}

fn known(context: &Context<'_>, step: &Step<'_>, text: &str) -> Option<String> {
    let found = context.expand(step, text).ok()?;
    found.undefined().is_empty().then_some(found.text)
}

//! Variables as each instruction sees them, kept as a history: one entry per change instead of one map per
//! instruction, so that memory grows with the file and not with its square.

use std::collections::BTreeMap;
use std::sync::Arc;

use bareboat_dockerfile::stages::{Variable, VariableSource};

use crate::knowledge::BaseFacts;

/// Stages looked through for a variable; deeper chains do not occur in honest files.
const DEEPEST_CHAIN: usize = 100;

/// The changes one stage makes.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The stage this one builds on.
    parent: Option<usize>,
    /// What an image brings.
    base: Option<Arc<BaseFacts>>,
    /// Per name: the step after which it holds, and the variable; by step.
    changes: BTreeMap<String, Vec<(usize, Variable)>>,
}

impl History {
    /// The history of a stage that builds on the stage `parent`.
    pub(super) fn above(parent: usize) -> Self {
        Self { parent: Some(parent), ..Self::default() }
    }

    /// The history of a stage that builds on an image.
    pub(super) fn on(base: Option<Arc<BaseFacts>>) -> Self {
        Self { base, ..Self::default() }
    }

    /// `variable` holds from step `position` on.
    pub(super) fn record(&mut self, position: usize, name: &str, variable: &Variable) {
        self.changes.entry(name.to_owned()).or_default().push((position, variable.clone()));
    }
}

/// The value of `name` in front of step `position` of `stage`, and who set it.
pub(super) fn lookup<'h>(
    histories: &'h [History],
    stage: usize,
    position: usize,
    name: &str,
) -> Option<(&'h str, VariableSource)> {
    let (mut stage, mut position) = (stage, position);
    for _ in 0..DEEPEST_CHAIN {
        let history = histories.get(stage)?;
        let changes = history.changes.get(name).map_or(&[][..], Vec::as_slice);
        let at = changes.partition_point(|(from, _)| *from <= position);
        if let Some((_, variable)) = at.checked_sub(1).and_then(|index| changes.get(index)) {
            return Some((&variable.value, variable.source));
        }
        match history.parent {
            Some(parent) => (stage, position) = (parent, usize::MAX),
            None => {
                let environment = history.base.as_ref()?.environment.as_ref()?;
                return environment.get(name).map(|value| (value.as_str(), VariableSource::Base));
            }
        }
    }
    None
}

//! Variables as each instruction sees them, kept as a history: one entry per change instead of one map per
//! instruction, so that memory grows with the file and not with its square.

use std::collections::BTreeMap;
use std::sync::Arc;

use bareboat_dockerfile::stages::{Variable, VariableSource};

use super::DEEPEST_CHAIN;
use crate::knowledge::BaseFacts;

/// The changes one stage makes.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The stage this one builds on.
    parent: Option<usize>,
    /// What an image brings.
    base: Option<Arc<BaseFacts>>,
    /// Per name: the step after which it holds, and the variable; by step.
    changes: BTreeMap<String, Vec<(usize, Variable)>>,
    /// Per name that ARG or ENV mentions: the step after which it is declared.
    declared: BTreeMap<String, usize>,
    /// The same by step.
    names: Vec<(usize, String)>,
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

    /// `name` is declared from step `position` on, with or without a value.
    pub(super) fn declare(&mut self, position: usize, name: &str) {
        if !self.declared.contains_key(name) {
            self.declared.insert(name.to_owned(), position);
            self.names.push((position, name.to_owned()));
        }
    }

    /// `variable` holds from step `position` on.
    pub(super) fn record(&mut self, position: usize, name: &str, variable: &Variable) {
        self.changes.entry(name.to_owned()).or_default().push((position, variable.clone()));
    }
}

/// The histories of `stage` and the stages it builds on, each with the last step that counts.
fn chain(histories: &[History], stage: usize, position: usize) -> impl Iterator<Item = (&History, usize)> {
    let start = histories.get(stage).map(|history| (history, position));
    let next = |(history, _): &(&History, usize)| Some((histories.get(history.parent?)?, usize::MAX));
    std::iter::successors(start, next).take(DEEPEST_CHAIN)
}

/// True when `name` is declared in front of step `position` of `stage`.
pub(super) fn is_declared(histories: &[History], stage: usize, position: usize, name: &str) -> bool {
    let mut chain = chain(histories, stage, position);
    chain.any(|(history, last)| history.declared.get(name).is_some_and(|from| *from <= last))
}

/// True for a name that `$name` can stand for.
pub(in crate::lint) fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// The names that are declared in front of step `position` of `stage`.
pub(super) fn declared(histories: &[History], stage: usize, position: usize) -> impl Iterator<Item = &str> {
    chain(histories, stage, position).flat_map(|(history, last)| {
        let declared = history.names.partition_point(|(from, _)| *from <= last);
        history.names[..declared].iter().map(|(_, name)| name.as_str())
    })
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

//! Where COPY and RUN take files from.

use super::{StageErrorKind, Stages};
use crate::instruction::MountKind;
use crate::{Command, Instruction, Kind, Span};

/// Triggers that are followed into the stages they run in; thousands of stages on a base with thousands of
/// triggers would otherwise take their product in time and space.
pub(super) const MOST_TRIGGERS: usize = 10_000;

/// A `--from=` of a COPY or a `from=` of a RUN mount.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference<'a> {
    /// The instruction that refers; for a trigger the ONBUILD of another stage.
    pub instruction: &'a Instruction,
    /// What kind of reference.
    pub kind: ReferenceKind,
    /// The name or number as written.
    pub name: &'a str,
    /// Its bytes.
    pub span: Span,
    /// What it means.
    pub origin: Origin,
}

/// How an instruction refers to a stage or image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// `COPY --from=`
    Copy,
    /// `RUN --mount=from=`
    Mount,
}

/// What a name after `from` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The earlier stage with this number.
    Stage(usize),
    /// This very stage: an error.
    Own,
    /// The later stage with this number: an error.
    Later(usize),
    /// No stage: an image or a named context.
    Image(String),
    /// Cannot be said: a variable, or a number no stage has; an error.
    Unknown,
}

impl<'a> Stages<'a> {
    pub(super) fn resolve_references(&mut self) {
        let mut triggers_left = MOST_TRIGGERS;
        for index in 0..self.stages.len() {
            let stage = &self.stages[index];
            let triggers = self.triggers(stage).iter().take(triggers_left);
            triggers_left -= triggers.len();
            let triggers = triggers.map(|trigger| (trigger.instruction, trigger.command));
            // An ONBUILD refers to nothing in its own stage.
            let own = stage.instructions.iter().map(|&instruction| (instruction, &instruction.command));
            let written: Vec<_> = triggers.chain(own).flat_map(|(at, command)| names(at, command)).collect();
            let mut references = Vec::new();
            for (instruction, kind, name, span) in written {
                let origin = self.origin(index, kind, name, span);
                references.push(Reference { instruction, kind, name, span, origin });
            }
            self.stages[index].references = references;
        }
    }

    fn origin(&mut self, own: usize, kind: ReferenceKind, name: &str, span: Span) -> Origin {
        // Only COPY knows numbers.
        let number = (kind == ReferenceKind::Copy).then(|| number(name)).flatten();
        let found = match number {
            Some(number) => match usize::try_from(number).ok().filter(|number| *number < self.stages.len()) {
                Some(number) => number,
                None => {
                    let count = self.stages.len();
                    self.error(span, StageErrorKind::NoSuchNumber { number: name.to_owned(), count });
                    return Origin::Unknown;
                }
            },
            None if name.contains('$') => return Origin::Unknown,
            None => match self.by_name(name) {
                Some(stage) => stage.index,
                None => return Origin::Image(name.to_owned()),
            },
        };
        let name = name.to_owned();
        match found.cmp(&own) {
            std::cmp::Ordering::Less => Origin::Stage(found),
            std::cmp::Ordering::Equal => {
                self.error(span, StageErrorKind::OwnStage { name });
                Origin::Own
            }
            std::cmp::Ordering::Greater => {
                self.error(span, StageErrorKind::LaterStage { name });
                Origin::Later(found)
            }
        }
    }
}

/// A number as Go's `Atoi` reads it; `None` for a name.
fn number(name: &str) -> Option<i64> {
    name.parse().ok()
}

type Name<'a> = (&'a Instruction, ReferenceKind, &'a str, Span);

fn names<'a>(instruction: &'a Instruction, command: &'a Command) -> Vec<Name<'a>> {
    match &command.kind {
        Kind::Copy(copy) => {
            let from = copy.from.iter().filter(|from| !from.text.is_empty());
            from.map(|from| (instruction, ReferenceKind::Copy, from.text.as_str(), from.span)).collect()
        }
        Kind::Run(run) => {
            // Secrets and the like have no source to refer to.
            let mounts = run
                .mounts
                .iter()
                .filter(|mount| matches!(mount.kind(), None | Some(MountKind::Bind | MountKind::Cache)));
            let options = mounts.filter_map(|mount| mount.from());
            let named = options.filter_map(|option| Some((option.value.as_deref()?, option.span)));
            let named = named.filter(|(name, _)| !name.is_empty());
            named.map(|(name, span)| (instruction, ReferenceKind::Mount, name, span)).collect()
        }
        _ => Vec::new(),
    }
}

//! What a stage gets from other stages: files followed back through every COPY to the stage that made them.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::stages::{Origin, ReferenceKind};
use bareboat_dockerfile::{Kind, Span};

use crate::knowledge::BaseFacts;
use crate::lint::Context;
use crate::lint::context::{StageView, Step};

/// Copies are followed through this many stages.
const DEEPEST: usize = 16;

/// Files that a COPY brings from another stage.
pub(super) struct Arrival<'c, 'a> {
    /// The source as written there.
    pub(super) span: Span,
    /// The stage whose own instructions made them.
    pub(super) maker: &'c StageView<'a>,
    /// Their absolute path there, without `/` at its end; `""` is the root.
    pub(super) source: String,
    /// Their absolute path here, likewise.
    pub(super) target: String,
}

impl<'c, 'a> Arrival<'c, 'a> {
    /// What is known about the image they were made on.
    pub(super) fn made_on(&self, context: &'c Context<'a>) -> Option<&'c BaseFacts> {
        context.base(self.maker)
    }
}

/// Everything that arrives in `view` or in a stage it builds on, in order. What does not expand is left out.
pub(super) fn arrivals<'c, 'a>(context: &'c Context<'a>, view: &StageView<'a>) -> Vec<Arrival<'c, 'a>> {
    collect(context, view, DEEPEST)
}

fn collect<'c, 'a>(context: &'c Context<'a>, view: &StageView<'a>, depth: usize) -> Vec<Arrival<'c, 'a>> {
    let mut found = Vec::new();
    if depth == 0 {
        return found;
    }
    let chain = context.chain(view);
    if !context.affords(&chain) {
        return found;
    }
    for link in chain {
        let copies = link.stage.references.iter().filter(|reference| reference.kind == ReferenceKind::Copy);
        let copies: BTreeMap<_, _> =
            copies.map(|reference| (std::ptr::from_ref(reference.instruction), &reference.origin)).collect();
        for step in link.steps.iter().filter(|step| !step.is_onbuild()) {
            let Kind::Copy(copy) = &step.command.kind else { continue };
            let Some(Origin::Stage(maker)) = copies.get(&std::ptr::from_ref(step.instruction)) else {
                continue;
            };
            let Some(maker) = context.stages().get(*maker) else { continue };
            let Some(destination) = expanded(context, step, &copy.transfer.destination.text) else {
                continue;
            };
            let Some(to) = absolute(step.state.workdir.as_deref(), &destination) else { continue };
            for source in &copy.transfer.sources {
                let Source::Path(word) = source else { continue };
                let Some(from) = expanded(context, step, &word.text) else { continue };
                let Some(from) = absolute(Some("/"), &from) else { continue };
                let into = destination.ends_with('/') || copy.transfer.sources.len() > 1;
                let target = target(&from, &to, into);
                let (maker, source) = follow(context, maker, from, depth);
                found.push(Arrival { span: word.span, maker, source, target });
            }
        }
    }
    found
}

/// COPY copies what is in a directory and not the directory itself: only of a file the name is kept.
fn target(from: &str, to: &str, into: bool) -> String {
    let name = from.rsplit('/').next().unwrap_or_default();
    let is_file = name.contains('.') && !name.starts_with('.') && !name.starts_with("python3.");
    match into && is_file {
        true => format!("{to}/{name}"),
        false => to.to_owned(),
    }
}

/// The stage that made `path` of `stage`, and its path there.
fn follow<'c, 'a>(
    context: &'c Context<'a>,
    stage: &'c StageView<'a>,
    path: String,
    depth: usize,
) -> (&'c StageView<'a>, String) {
    let earlier = collect(context, stage, depth - 1);
    let found = earlier.iter().rev().find_map(|arrival| {
        let rest = below(&path, &arrival.target)?;
        Some((arrival.maker, format!("{}{rest}", arrival.source)))
    });
    found.unwrap_or((stage, path))
}

fn expanded(context: &Context<'_>, step: &Step<'_>, word: &str) -> Option<String> {
    context.expand(step, word).ok().map(|found| found.text)
}

/// `path` below `workdir`, without `.`, `..` and the `/` at its end; `None` when the directory is not known.
pub(super) fn absolute(workdir: Option<&str>, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { workdir? };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.iter().flat_map(|part| ["/", *part]).collect())
}

/// What follows `directory` in `path`: `""` when it is the same, `/…` when it is inside.
pub(super) fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    path.strip_prefix(directory).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// True when one of the two is the other or inside it.
pub(super) fn overlaps(one: &str, other: &str) -> bool {
    below(one, other).is_some() || below(other, one).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute_and_compared_by_component() {
        assert_eq!(absolute(Some("/app"), "./x/../y/").as_deref(), Some("/app/y"));
        assert_eq!(absolute(None, "y"), None);
        assert_eq!(absolute(None, "/").as_deref(), Some(""));
        assert_eq!(below("/usr/local/lib", "/usr/local"), Some("/lib"));
        assert_eq!(below("/usr/locals", "/usr/local"), None);
        assert!(overlaps("/app", "/app/.venv") && !overlaps("/app", "/application"));
    }
}

//! When the result of a step counts again: its key is what it does and the digests of what it does it to.
//!
//! Places, names of stages, the values of secrets and proxies and the content of cache mounts are in no key.

use bareboat_image::{Compression, Entry, Kind, Layer, Tree, TreePath};
use bareboat_store::{Digest, Store};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::error::Problem;
use super::transfer::select::{follow, select};

/// Raised whenever a step's result changes for the same input.
const ENGINE: u32 = 1;

/// What came of a step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The layer it added; `None` when nothing changed.
    pub layer: Option<Layer>,
}

/// What all keys of a build share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    /// Of layers.
    pub compression: Compression,
    /// Of their entries.
    pub mtime: i64,
}

impl Ground {
    /// The key of a step that does `what` to the files `parent`, taking what `inputs` are digests of.
    pub(super) fn key(&self, parent: &Digest, what: &impl Serialize, inputs: &[Digest]) -> Digest {
        let what = serde_json::to_string(what).expect("steps have string keys only");
        let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
        Digest::of(format!(
            "dockerfile step {ENGINE} {} {}\n{parent}\n{what}\n{}",
            self.compression.encoder_id(),
            self.mtime,
            inputs.join("\n"),
        ))
    }
}

impl Outcome {
    /// What is kept under `key`, when its bytes are still there.
    pub(super) fn known(store: &Store, key: &Digest) -> Option<Self> {
        let outcome: Self = serde_json::from_slice(&store.action(key)?).ok()?;
        let whole = outcome.layer.as_ref().is_none_or(|layer| store.size(&layer.digest) == Some(layer.size));
        whole.then_some(outcome)
    }

    /// Keeps it.
    pub(super) fn keep(&self, store: &Store, key: &Digest) -> Result<(), Problem> {
        Ok(store.put_action(key, &serde_json::to_vec(self).expect("plain data"))?)
    }
}

/// The digest of everything of a context that `arguments` could mean: names, kinds, modes, sizes, contents, links, but
/// no times.
///
/// # Errors
/// A file that cannot be read, a malformed pattern.
pub(super) fn of_context(context: &Context, arguments: &[&str], whole: bool) -> Result<Digest, Problem> {
    let mut chosen = Tree::new();
    if whole {
        chosen = Tree::clone(&context.tree);
    }
    for argument in arguments.iter().filter(|_| !whole) {
        for path in select(&context.tree, argument)? {
            let root = follow(&context.tree, &path)?;
            if let Some(entry) = context.tree.get(&root) {
                chosen.insert(root.clone(), entry.clone());
            }
            let below = context.tree.below(&root).map(|(path, entry)| (path.clone(), entry.clone()));
            chosen.entries.extend(below.collect::<Vec<_>>());
        }
    }
    let others: Vec<TreePath> = chosen.entries.values().filter_map(link_target).cloned().collect();
    for target in others {
        if let Some(entry) = context.tree.get(&target) {
            chosen.insert(target, entry.clone());
        }
    }
    let files: Vec<TreePath> =
        chosen.entries.iter().filter(|(_, entry)| is_file(entry)).map(|(path, _)| path.clone()).collect();
    for (path, known) in context.digests(&files)? {
        let entry = chosen.entries.get_mut(&path);
        if let Some(Kind::File { digest, .. }) = entry.map(|entry| &mut entry.kind) {
            *digest = known;
        }
    }
    Ok(chosen.digest())
}

fn is_file(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::File { .. })
}

fn link_target(entry: &Entry) -> Option<&TreePath> {
    match &entry.kind {
        Kind::HardLink { target } => Some(target),
        _ => None,
    }
}

/// The digest of what is at `path` in `tree` and below it.
pub(super) fn of_tree(tree: &Tree, path: &TreePath) -> Result<Digest, Problem> {
    let root = follow(tree, path)?;
    let mut part = Tree::new();
    if let Some(entry) = tree.get(&root) {
        part.insert(TreePath::ROOT, entry.clone());
    }
    for (path, entry) in tree.below(&root) {
        let relative = path.strip_prefix(&root).unwrap_or_default();
        // Where the other names of a file are is nobody's business, its content is.
        let kind = link_target(entry).and_then(|target| tree.get(target)).unwrap_or(entry).kind.clone();
        part.insert(relative, Entry { kind, ..entry.clone() });
    }
    Ok(part.digest())
}

//! The files of a stage: layers in the store, and the tree they amount to when somebody needs it.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use bareboat_image::source::{Image, Select, Source};
use bareboat_image::tar::read::{Limits, Member, MemberKind};
use bareboat_image::{Kind, Layer, Merger, Tree, TreePath};
use bareboat_store::{Digest, DigestReader, Store};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::Problem;

/// A stage's files at one point. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    /// Lowest first.
    pub layers: Vec<Layer>,
    tree: Arc<OnceLock<Arc<Tree>>>,
}

/// A tree kept for layers that take long to read; the tree itself is a blob, because it may be large.
#[derive(Serialize, Deserialize)]
struct Kept {
    tree: Digest,
}

impl Files {
    /// The files that `layers` amount to.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self { layers, tree: Arc::default() }
    }

    /// The same with one more layer, whose effect is known.
    pub fn with(&self, layer: Layer, tree: Option<Arc<Tree>>) -> Self {
        let mut files = Self::new(self.layers.iter().cloned().chain([layer]).collect());
        if let Some(tree) = tree {
            files.tree = Arc::new(OnceLock::from(tree));
        }
        files
    }

    /// What these files are: equal exactly for equal layers, however they are compressed.
    pub fn identity(&self) -> Digest {
        identity(&self.layers)
    }

    /// The merged tree. Read from the layers once per build; what was expensive is kept for the next one.
    ///
    /// # Errors
    /// A layer that is damaged or cannot be applied.
    pub fn tree(&self, store: &Store) -> Result<Arc<Tree>, Problem> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree.clone());
        }
        let tree = Arc::new(read_tree(store, &self.layers)?);
        Ok(self.tree.get_or_init(|| tree).clone())
    }

    /// The content of the regular file that `path` leads to, at most `limit` bytes; `None` when there is none.
    ///
    /// # Errors
    /// As [`Files::tree`].
    pub fn read(&self, store: &Store, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let tree = self.tree(store)?;
        let Some(at) = tree.resolve(&super::walk::clean(path)) else { return Ok(None) };
        let entry = match tree.get(&at).map(|entry| &entry.kind) {
            Some(Kind::HardLink { target }) => tree.get(target),
            _ => tree.get(&at),
        };
        let Some(Kind::File { digest, size }) = entry.map(|entry| &entry.kind) else { return Ok(None) };
        if *size > limit {
            return Ok(None);
        }
        let mut found = None;
        each_content(store, &self.layers, &mut |member, content| {
            if found.is_none() && member.size() == *size {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                found = Some(bytes).filter(|bytes| Digest::of(bytes) == *digest);
            }
            Ok(found.is_none())
        })?;
        Ok(found)
    }
}

/// Calls `visit` for every regular file of `layers`, the topmost layer first, until it says false.
pub(super) fn each_content(
    store: &Store,
    layers: &[Layer],
    visit: &mut dyn FnMut(&Member, &mut dyn Read) -> io::Result<bool>,
) -> Result<(), Problem> {
    let source = Source::layers(store, layers);
    let image = source.image(&Select::default())?;
    let mut wanted = true;
    for number in (0..layers.len()).rev() {
        image.visit_layer(number, Limits::default(), &mut |member, content| {
            if wanted && matches!(member.kind, MemberKind::File { .. }) {
                wanted = visit(member, content)?;
            }
            Ok(())
        })?;
        if !wanted {
            break;
        }
    }
    Ok(())
}

/// `tree` with `upper` laid over it: every path of `upper` replaces what is there, directories merge.
pub(super) fn overlay(tree: &Tree, upper: &Tree) -> Result<Tree, Problem> {
    let mut merger = Merger::new();
    add_tree(&mut merger, tree)?;
    add_tree(&mut merger, upper)?;
    Ok(merger.finish().tree)
}

fn add_tree(merger: &mut Merger, tree: &Tree) -> Result<(), Problem> {
    merger.begin_layer();
    for (path, entry) in &tree.entries {
        let (kind, digest) = match &entry.kind {
            Kind::File { digest, size } => (MemberKind::File { size: *size }, *digest),
            other => (MemberKind::Other(other.clone()), NOTHING),
        };
        let (mode, owner, xattrs) = (entry.mode, entry.owner, entry.xattrs.clone());
        merger.add(Member { path: path.clone(), kind, mode, owner, xattrs, mtime: 0 }, digest)?;
    }
    Ok(())
}

fn read_tree(store: &Store, layers: &[Layer]) -> Result<Tree, Problem> {
    if layers.is_empty() {
        return Ok(Tree::new());
    }
    let kept = (1..=layers.len()).rev().find_map(|count| Some((count, kept(store, &layers[..count])?)));
    let (known, tree) = kept.unwrap_or_default();
    let above = &layers[known..];
    if above.is_empty() {
        return Ok(tree);
    }
    let source = Source::layers(store, above);
    let image = source.image(&Select::default())?;
    let tree = lay_over(&tree, &image)?;
    // Small layers are read faster than a large tree is written.
    if above.iter().map(|layer| layer.tar_size).sum::<u64>() > WORTH_KEEPING {
        let bytes = serde_json::to_vec(&tree).expect("paths are strings");
        let record = Kept { tree: store.insert(&bytes)? };
        let record = serde_json::to_vec(&record).expect("plain data");
        store.put_action(&tree_key(layers), &record)?;
    }
    Ok(tree)
}

/// `tree` with an image's layers over it. The layers are hashed side by side, then applied in order.
fn lay_over(tree: &Tree, image: &Image<'_>) -> Result<Tree, Problem> {
    let read = |number| {
        let mut members = Vec::new();
        image.visit_layer(number, Limits::default(), &mut |member, content| {
            let mut content = DigestReader::new(content);
            io::copy(&mut content, &mut io::sink())?;
            members.push((member.clone(), content.finish().1));
            Ok(())
        })?;
        Ok::<_, Problem>(members)
    };
    let layers: Vec<_> = (0..image.layers.len()).into_par_iter().map(read).collect();
    let mut merger = Merger::new();
    add_tree(&mut merger, tree)?;
    for members in layers {
        merger.begin_layer();
        members?.into_iter().try_for_each(|(member, digest)| merger.add(member, digest))?;
    }
    Ok(merger.finish().tree)
}

fn kept(store: &Store, layers: &[Layer]) -> Option<Tree> {
    let record: Kept = serde_json::from_slice(&store.action(&tree_key(layers))?).ok()?;
    serde_json::from_slice(&store.read(&record.tree, LARGEST_TREE).ok()?).ok()
}

fn tree_key(layers: &[Layer]) -> Digest {
    Digest::of(format!("tree 1 {}", identity(layers)))
}

fn identity(layers: &[Layer]) -> Digest {
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    Digest::of(diff_ids.join("\n"))
}

/// The digest of an entry that has no content is never looked at.
const NOTHING: Digest = Digest::from_bytes([0; 32]);
/// Bytes of tar.
const WORTH_KEEPING: u64 = 2 << 20;
/// A tree of five million entries would be larger.
const LARGEST_TREE: u64 = 1 << 30;

/// True for a directory of `tree`, links not followed.
pub(super) fn is_directory(tree: &Tree, path: &TreePath) -> bool {
    tree.get(path).is_some_and(|entry| entry.kind == Kind::Directory)
}

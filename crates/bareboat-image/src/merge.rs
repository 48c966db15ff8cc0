//! Applies layers one over the other (OCI image layer specification, "Applying Changesets").
//!
//! Each layer becomes a tree of its own first, as the overlay drivers of Docker, containerd and Podman unpack it:
//! later entries replace earlier ones, links in parents are followed within the layer only. Then it covers what is
//! below: whiteouts and opaque directories hide lower layers only, directories merge, anything else replaces, and a
//! lower symbolic link that the layer uses as a directory is replaced by one (a well-known way to lose `/lib`).
//! Hard links keep their content when another of their names is replaced.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

use crate::path_walk::PathWalk;
use crate::tar::read::{Member, MemberKind};
use crate::{Entry, Kind, Tree, TreePath};

/// What layers amount to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The files a container sees.
    pub tree: Tree,
    /// For each path, the layer it gets its name from, counted from 0 for the lowest.
    pub layer_of: BTreeMap<TreePath, usize>,
    /// For each path, the entry it gets its content and metadata from.
    pub origins: BTreeMap<TreePath, Origin>,
    /// For each layer, what it holds.
    pub layers: Vec<LayerSummary>,
    /// Files that are carried and cannot be seen.
    pub hidden: Vec<Hidden>,
    /// Bytes of regular files in all layers, hard links not counted.
    pub shipped: u64,
    /// Bytes of regular files in `tree`, hard links not counted.
    pub visible: u64,
}

/// Where something comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The layer with the entry, counted from 0 for the lowest.
    pub layer: usize,
    /// The entry's number in that layer, counted from 0; `None` for a directory that the layer uses without listing.
    pub member: Option<u64>,
}

/// What one layer holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LayerSummary {
    /// Entries, whiteouts included.
    pub entries: u64,
    /// Bytes of regular files, hard links not counted.
    pub shipped: u64,
    /// Paths with more than one entry.
    pub duplicates: BTreeSet<TreePath>,
    /// Paths removed from lower layers.
    pub whiteouts: BTreeSet<TreePath>,
    /// Directories whose lower content is hidden.
    pub opaque: BTreeSet<TreePath>,
}

/// A regular file that is carried and cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// Its last name.
    pub path: TreePath,
    /// Its content.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// The entry that carries it.
    pub origin: Origin,
    /// The layer that hides it; the same as the origin's for a duplicate.
    pub by: usize,
    /// How.
    pub cause: HiddenCause,
}

/// How a file came to be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenCause {
    /// By a whiteout or an opaque directory.
    Deleted,
    /// By other content or another kind of file at its path or at a parent's.
    Replaced,
    /// By a file with the same content: only metadata changed.
    MetadataOnly,
}

/// Merges layers, lowest first: [`Merger::begin_layer`], [`Merger::add`] for each entry, and again.
#[derive(Default)]
pub struct Merger {
    nodes: Vec<Node>,
    /// What the finished layers amount to.
    lower: BTreeMap<TreePath, Name>,
    /// The names of the layer in progress.
    upper: BTreeMap<TreePath, Name>,
    layers: Vec<LayerSummary>,
    hidden: Vec<Hidden>,
}

/// Something that has one or more names: what a file system calls an inode.
struct Node {
    entry: Entry,
    origin: Origin,
    names: usize,
}

#[derive(Clone, Copy)]
struct Name {
    node: usize,
    layer: usize,
}

impl Merger {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the layer in progress, if there is one, and starts the next.
    pub fn begin_layer(&mut self) {
        self.end_layer();
        self.layers.push(LayerSummary::default());
    }

    /// Adds an entry to the layer, with its content's digest if it is a regular file.
    ///
    /// # Errors
    /// Engines could not unpack it either.
    pub fn add(&mut self, member: Member, content: Digest) -> Result<(), MergeError> {
        if self.layers.is_empty() {
            self.begin_layer();
        }
        let layer = self.layers.len() - 1;
        let origin = Origin { layer, member: Some(self.layers[layer].entries) };
        self.layers[layer].entries += 1;
        let path = self.resolve_parent(&member.path)?;
        match Whiteout::of(&path)? {
            Some(Whiteout::Path(path)) => drop(self.layers[layer].whiteouts.insert(path)),
            Some(Whiteout::Opaque(directory)) => drop(self.layers[layer].opaque.insert(directory)),
            Some(Whiteout::Reserved) => {}
            None => self.add_name(path, member, content, origin)?,
        }
        Ok(())
    }

    /// Ends the last layer; what all of them amount to.
    pub fn finish(mut self) -> Merged {
        self.end_layer();
        let mut merged = Merged {
            tree: Tree::new(),
            layer_of: BTreeMap::new(),
            origins: BTreeMap::new(),
            shipped: self.layers.iter().map(|layer| layer.shipped).sum(),
            visible: 0,
            layers: self.layers,
            hidden: self.hidden,
        };
        let mut first_names: BTreeMap<usize, TreePath> = BTreeMap::new();
        for (path, name) in self.lower {
            let node = &self.nodes[name.node];
            let mut entry = node.entry.clone();
            if let Kind::File { size, .. } = entry.kind {
                if let Some(first) = first_names.get(&name.node) {
                    entry.kind = Kind::HardLink { target: first.clone() };
                } else {
                    merged.visible += size;
                    first_names.insert(name.node, path.clone());
                }
            }
            merged.layer_of.insert(path.clone(), name.layer);
            merged.origins.insert(path.clone(), node.origin);
            merged.tree.insert(path, entry);
        }
        merged
    }

    fn add_name(
        &mut self,
        path: TreePath,
        member: Member,
        content: Digest,
        origin: Origin,
    ) -> Result<(), MergeError> {
        let layer = origin.layer;
        let node = match &member.kind {
            MemberKind::Other(Kind::HardLink { target }) => self.link_target(&path, target)?,
            _ => {
                self.layers[layer].shipped += member.size();
                self.nodes.push(Node { entry: member.into_entry(content), origin, names: 0 });
                self.nodes.len() - 1
            }
        };
        // Counted before the old name goes: a name may replace itself.
        self.nodes[node].names += 1;
        if self.upper.contains_key(&path) {
            self.layers[layer].duplicates.insert(path.clone());
        }
        let mut upper = std::mem::take(&mut self.upper);
        self.put(&mut upper, path, Name { node, layer });
        self.upper = upper;
        Ok(())
    }

    /// Lays the finished layer over what is below.
    fn end_layer(&mut self) {
        let Some(layer) = self.layers.len().checked_sub(1) else { return };
        let upper = std::mem::take(&mut self.upper);
        let mut lower = std::mem::take(&mut self.lower);
        let mut parents = BTreeSet::from([TreePath::ROOT]);
        let (whiteouts, opaque) = (self.layers[layer].whiteouts.clone(), self.layers[layer].opaque.clone());
        for path in &whiteouts {
            self.remove(&mut lower, path, layer, HiddenCause::Deleted);
        }
        for directory in &opaque {
            self.remove_below(&mut lower, directory, layer, HiddenCause::Deleted);
        }
        // Unpacking a whiteout makes the directories around it.
        for path in &whiteouts {
            self.make_directories(&mut lower, path.parent(), layer, &mut parents);
        }
        for directory in &opaque {
            self.make_directories(&mut lower, Some(directory.clone()), layer, &mut parents);
        }
        for (path, name) in upper {
            self.make_directories(&mut lower, path.parent(), layer, &mut parents);
            if self.is_directory(name) {
                parents.insert(path.clone());
            }
            self.put(&mut lower, path, name);
        }
        self.lower = lower;
    }

    /// Puts `name` at `path`, where it replaces anything but the content of a directory by a directory.
    fn put(&mut self, names: &mut BTreeMap<TreePath, Name>, path: TreePath, name: Name) {
        if let Some(&old) = names.get(&path) {
            let content = |name: Name| match self.nodes[name.node].entry.kind {
                Kind::File { digest, .. } => Some(digest),
                _ => None,
            };
            let same = content(old).is_some() && content(old) == content(name);
            let cause = if same { HiddenCause::MetadataOnly } else { HiddenCause::Replaced };
            let merges = self.is_directory(old) && self.is_directory(name);
            if !merges && self.is_directory(old) {
                self.remove_below(names, &path, name.layer, cause);
            }
            self.release(&path, old, name.layer, cause);
        }
        names.insert(path, name);
    }

    /// Makes directories that the layer uses without listing them, as far out as needed. A lower directory stays as
    /// it is.
    fn make_directories(
        &mut self,
        names: &mut BTreeMap<TreePath, Name>,
        innermost: Option<TreePath>,
        layer: usize,
        known: &mut BTreeSet<TreePath>,
    ) {
        let mut missing = Vec::new();
        let mut parent = innermost;
        while let Some(directory) = parent.filter(|directory| !known.contains(directory)) {
            parent = directory.parent();
            missing.push(directory);
        }
        for directory in missing.into_iter().rev() {
            if !names.get(&directory).is_some_and(|&name| self.is_directory(name)) {
                let origin = Origin { layer, member: None };
                self.nodes.push(Node { entry: Entry::directory(0o755), origin, names: 1 });
                self.put(names, directory.clone(), Name { node: self.nodes.len() - 1, layer });
            }
            known.insert(directory);
        }
    }

    /// `path` with the links among its parents followed, as far as this layer has them.
    fn resolve_parent(&self, path: &TreePath) -> Result<TreePath, MergeError> {
        let mut walk = PathWalk::new(path);
        while let Some(next) = walk.next() {
            let parent = || MergeError::Parent { path: path.clone() };
            let next = next.map_err(|_| parent())?;
            let name = self.upper.get(&next).filter(|_| !walk.is_at_end());
            match name.map(|name| &self.nodes[name.node].entry.kind) {
                None | Some(Kind::Directory) => walk.enter(next),
                Some(Kind::Symlink { target }) if walk.follow(target) => {}
                Some(_) => return Err(parent()),
            }
        }
        Ok(walk.current)
    }

    /// The node a hard link leads to: in this layer, else below.
    fn link_target(&self, path: &TreePath, target: &TreePath) -> Result<usize, MergeError> {
        let resolved = self.resolve_parent(target)?;
        match self.upper.get(&resolved).or_else(|| self.lower.get(&resolved)) {
            Some(&name) if resolved != *path && !self.is_directory(name) => Ok(name.node),
            _ => Err(MergeError::HardLink { path: path.clone(), target: target.clone() }),
        }
    }

    fn is_directory(&self, name: Name) -> bool {
        self.nodes[name.node].entry.kind == Kind::Directory
    }

    fn remove(
        &mut self,
        names: &mut BTreeMap<TreePath, Name>,
        path: &TreePath,
        by: usize,
        cause: HiddenCause,
    ) {
        if let Some(name) = names.remove(path) {
            if self.is_directory(name) {
                self.remove_below(names, path, by, cause);
            }
            self.release(path, name, by, cause);
        }
    }

    fn remove_below(
        &mut self,
        names: &mut BTreeMap<TreePath, Name>,
        path: &TreePath,
        by: usize,
        cause: HiddenCause,
    ) {
        let below: Vec<TreePath> = names.range(path.below()).map(|(path, _)| path.clone()).collect();
        for path in below {
            if let Some(name) = names.remove(&path) {
                self.release(&path, name, by, cause);
            }
        }
    }

    /// Takes a name from its node, which is hidden when it was the last.
    fn release(&mut self, path: &TreePath, name: Name, by: usize, cause: HiddenCause) {
        let node = &mut self.nodes[name.node];
        node.names -= 1;
        if let (0, Kind::File { digest, size }) = (node.names, &node.entry.kind) {
            let (path, digest, size) = (path.clone(), *digest, *size);
            self.hidden.push(Hidden { path, digest, size, origin: node.origin, by, cause });
        }
    }
}

/// An entry that says something about lower layers (OCI image layer specification, "Whiteouts").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whiteout {
    /// Hides this path in lower layers.
    Path(TreePath),
    /// Hides what lower layers have in this directory.
    Opaque(TreePath),
    /// A remnant of AUFS that means nothing.
    Reserved,
}

impl Whiteout {
    /// What the entry at `path` says; `None` for an ordinary entry.
    ///
    /// # Errors
    /// A whiteout that names nothing: engines would remove the directory around it.
    pub fn of(path: &TreePath) -> Result<Option<Whiteout>, MergeError> {
        let Some(name) = path.file_name().strip_prefix(b".wh.") else { return Ok(None) };
        let directory = path.parent().unwrap_or_default();
        match name {
            b".wh..opq" => Ok(Some(Self::Opaque(directory))),
            b"" | b"." | b".." => Err(MergeError::Whiteout { path: path.clone() }),
            _ if name.starts_with(b".wh.") => Ok(Some(Self::Reserved)),
            _ => {
                let hidden = directory.join(name).map_err(|_| MergeError::Whiteout { path: path.clone() })?;
                Ok(Some(Self::Path(hidden)))
            }
        }
    }
}

/// Why a layer cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A hard link to nothing, to a directory or to itself.
    #[error("`{path}` is a hard link to `{target}`, which is no file of this or a lower layer")]
    HardLink {
        /// The link.
        path: TreePath,
        /// Where it should lead.
        target: TreePath,
    },
    /// A parent is no directory, or links lead in a circle.
    #[error("`{path}` cannot exist: a parent of it is not a directory in the same layer")]
    Parent {
        /// The path.
        path: TreePath,
    },
    /// A whiteout that names nothing.
    #[error("`{path}` is a whiteout without a name")]
    Whiteout {
        /// The path.
        path: TreePath,
    },
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;

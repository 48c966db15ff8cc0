//! What one instruction puts into a stage's files, as it is being worked out: new entries over an unchanged tree.

use std::collections::BTreeMap;

use bareboat_image::{Entry, Kind, Owner, Tree, TreePath};
use bareboat_store::Digest;

use super::archive::Stretch;
use crate::dockerfile::error::Problem;
use crate::dockerfile::walk;

/// New and replaced entries over `lower`.
pub struct Changes<'t> {
    lower: &'t Tree,
    upper: BTreeMap<TreePath, Change>,
}

/// One new entry, and where its content is.
#[derive(Debug, Clone)]
pub struct Change {
    /// What will be there; the digest of a file may still be unknown.
    pub entry: Entry,
    /// Where the bytes of a regular file are.
    pub content: Content,
}

/// Where bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// There are none.
    Nothing,
    /// At this path of the instruction's source.
    Source(TreePath),
    /// Here.
    Bytes(Vec<u8>),
    /// In the store.
    Blob(Digest),
    /// In the file of an [`Unpacking`](super::archive::Unpacking).
    Stretch(Stretch),
}

impl<'t> Changes<'t> {
    /// Nothing yet over `lower`.
    pub fn new(lower: &'t Tree) -> Self {
        Self { lower, upper: BTreeMap::new() }
    }

    /// The entry at `path`, links not followed.
    pub fn get(&self, path: &TreePath) -> Option<&Entry> {
        self.upper.get(path).map(|change| &change.entry).or_else(|| self.lower.get(path))
    }

    /// True for a directory, the root among them.
    pub fn is_directory(&self, path: &TreePath) -> bool {
        path.is_root() || self.get(path).is_some_and(|entry| entry.kind == Kind::Directory)
    }

    /// Where `path` leads, see [`walk::resolve`].
    ///
    /// # Errors
    /// Links in a circle.
    pub fn resolve(&self, path: &TreePath) -> Result<TreePath, Problem> {
        let looped = || occupied(path, "symbolic links lead in a circle");
        walk::resolve(&|path| self.get(path), path).ok_or_else(looped)
    }

    /// Makes a directory and the missing ones around it. `path` holds no links.
    ///
    /// # Errors
    /// A parent is something else than a directory.
    pub fn make_directories(&mut self, path: &TreePath, mode: u16, owner: Owner) -> Result<(), Problem> {
        let mut missing = Vec::new();
        let mut next = Some(path.clone());
        while let Some(directory) = next.filter(|directory| !self.is_directory(directory)) {
            if self.get(&directory).is_some() {
                return Err(occupied(&directory, "it is not a directory"));
            }
            next = directory.parent();
            missing.push(directory);
        }
        for directory in missing {
            self.put_directory(directory, Entry { owner, ..Entry::directory(mode) });
        }
        Ok(())
    }

    /// Puts a directory, or changes the metadata of one.
    pub fn put_directory(&mut self, path: TreePath, entry: Entry) {
        self.upper.insert(path, Change { entry, content: Content::Nothing });
    }

    /// Puts anything but a directory; what was there is replaced.
    ///
    /// # Errors
    /// A directory is there.
    pub fn put(&mut self, path: TreePath, change: Change) -> Result<(), Problem> {
        if self.is_directory(&path) {
            return Err(occupied(&path, "a directory is there, and a file cannot replace it"));
        }
        self.upper.insert(path, change);
        Ok(())
    }

    /// The paths of the source whose content is taken.
    pub fn sources(&self) -> Vec<TreePath> {
        let paths = self.upper.values().filter_map(|change| match &change.content {
            Content::Source(path) => Some(path.clone()),
            _ => None,
        });
        paths.collect()
    }

    /// Puts in the digests of what is taken from the source.
    pub fn settle(&mut self, digests: &BTreeMap<TreePath, Digest>) {
        for change in self.upper.values_mut() {
            let Content::Source(path) = &change.content else { continue };
            if let (Kind::File { digest, .. }, Some(known)) = (&mut change.entry.kind, digests.get(path)) {
                *digest = *known;
            }
        }
    }

    /// Renames the paths of the source, for a source that was made of another one.
    pub fn rename_sources(&mut self, names: &BTreeMap<TreePath, TreePath>) {
        for change in self.upper.values_mut() {
            if let Content::Source(path) = &mut change.content
                && let Some(name) = names.get(path)
            {
                *path = name.clone();
            }
        }
    }

    /// Gives the content of what was taken from the source's `path`, for a source that exists nowhere.
    pub fn place(&mut self, path: &TreePath, content: &Content) {
        for change in self.upper.values_mut() {
            if change.content == Content::Source(path.clone()) {
                change.content = content.clone();
            }
        }
    }

    /// What really changes: entries that are there already are left out, the first name of each hard-linked file in
    /// path order holds its content.
    pub fn finish(mut self) -> BTreeMap<TreePath, Change> {
        self.settle_links();
        let lower = self.lower;
        self.upper.retain(|path, change| lower.get(path) != Some(&change.entry));
        self.upper
    }

    /// An archive can only link to what stands before.
    fn settle_links(&mut self) {
        let mut groups: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
        for (path, change) in &self.upper {
            if let Kind::HardLink { target } = &change.entry.kind {
                groups.entry(target.clone()).or_default().push(path.clone());
            }
        }
        for (target, mut names) in groups {
            let Some(content) = self.upper.get(&target).cloned() else { continue };
            names.push(target);
            names.sort();
            let first = names[0].clone();
            for name in names {
                let mut change = content.clone();
                if name != first {
                    change.entry.kind = Kind::HardLink { target: first.clone() };
                    change.content = Content::Nothing;
                }
                self.upper.insert(name, change);
            }
        }
    }
}

pub(super) fn occupied(path: &TreePath, reason: &'static str) -> Problem {
    Problem::Occupied { path: path.to_string(), reason }
}

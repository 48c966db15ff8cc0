//! Finds a library in a tree the way the loader looks for it. Answers are remembered: the same few directories are
//! asked for the same few names by hundreds of files.

use std::collections::HashMap;

use bareboat_image::{Kind, Tree, TreePath};

use super::Loader;
use crate::deb::Architecture;
use crate::elf::{ElfFacts, ElfKind};

/// A library found.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    /// The file itself, links followed.
    pub path: TreePath,
    /// The directory it was found in, links followed: its `$ORIGIN`.
    pub origin: TreePath,
    /// Its facts.
    pub facts: &'a ElfFacts,
}

/// The tree with a memory.
pub(super) struct Search<'a> {
    loader: &'a Loader<'a>,
    directories: HashMap<String, Option<TreePath>>,
    files: HashMap<TreePath, Option<TreePath>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(loader: &'a Loader<'a>) -> Self {
        Self { loader, directories: HashMap::new(), files: HashMap::new() }
    }

    /// The library `name` in `directory`, given as text; one of another processor is passed over, as the loader does.
    pub(super) fn in_directory(&mut self, directory: &str, name: &str) -> Option<Found<'a>> {
        let origin = self.directory(directory)?;
        let path = origin.join(name).ok()?;
        let real = self.file(&path)?;
        let facts = self.facts(&real)?;
        Some(Found { path: real, origin, facts })
    }

    /// The library at an absolute path, given as text.
    pub(super) fn at(&mut self, path: &str) -> Option<Found<'a>> {
        let (directory, name) = path.rsplit_once('/')?;
        self.in_directory(if directory.is_empty() { "/" } else { directory }, name)
    }

    /// The file that `path` leads to, any kind.
    pub(super) fn file(&mut self, path: &TreePath) -> Option<TreePath> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        let tree = self.loader.tree;
        let real = tree.resolve(path).map(|real| match tree.get(&real).map(|entry| &entry.kind) {
            // Facts are kept under the first of several names.
            Some(Kind::HardLink { target }) => target.clone(),
            _ => real,
        });
        self.files.insert(path.clone(), real.clone());
        real
    }

    fn facts(&self, path: &TreePath) -> Option<&'a ElfFacts> {
        let facts: &'a ElfFacts = self.loader.elf.get(path)?;
        let is_library = facts.kind == ElfKind::SharedObject;
        (is_library && facts.is_for(self.loader.architecture)).then_some(facts)
    }

    fn directory(&mut self, text: &str) -> Option<TreePath> {
        if let Some(known) = self.directories.get(text) {
            return known.clone();
        }
        let real = resolve(self.loader.tree, text);
        self.directories.insert(text.to_owned(), real.clone());
        real
    }
}

/// Where an absolute path with `..` leads, as the kernel follows it: links first, then `..`.
fn resolve(tree: &Tree, text: &str) -> Option<TreePath> {
    let mut current = TreePath::ROOT;
    for part in text.strip_prefix('/')?.split('/') {
        current = match part {
            "" | "." => continue,
            ".." => current.parent().unwrap_or_default(),
            name => tree.resolve(&current.join(name).ok()?)?,
        };
    }
    Some(current)
}

/// The directories of a run path of an object in `origin`, its tokens replaced (ld.so(8), "Dynamic string tokens").
/// Relative ones depend on the working directory and are left out.
pub(super) fn run_path(text: &str, origin: &TreePath, architecture: Architecture) -> Vec<String> {
    let (lib, platform) = (format!("lib/{}", architecture.triplet()), architecture.machine());
    let origin = origin.to_string();
    let mut directories = Vec::new();
    for directory in text.split(':') {
        let mut directory = directory.to_owned();
        for (token, value) in [("ORIGIN", origin.as_str()), ("LIB", lib.as_str()), ("PLATFORM", platform)] {
            directory =
                directory.replace(&format!("${{{token}}}"), value).replace(&format!("${token}"), value);
        }
        if directory.starts_with('/') {
            directories.push(directory);
        }
    }
    directories
}

/// Where Debian's loader looks when nothing else says, first to last (`ld.so --help`).
pub fn default_directories(architecture: Architecture) -> [String; 4] {
    let triplet = architecture.triplet();
    [format!("/lib/{triplet}"), format!("/usr/lib/{triplet}"), "/lib".to_owned(), "/usr/lib".to_owned()]
}

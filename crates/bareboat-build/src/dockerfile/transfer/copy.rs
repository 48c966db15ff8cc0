//! COPY, the way BuildKit's file operation does it: what goes where, and what happens to what is there already.
//!
//! Works on trees alone: nothing is read or written here.

use std::collections::BTreeMap;

use bareboat_dockerfile::Ignore;
use bareboat_dockerfile::ignore::{Verdict, Walk};
use bareboat_image::{Entry, Kind, Owner, Tree, TreePath};

use super::changes::{Change, Changes, Content, occupied};
use super::mode::Mode;
use super::select;
use crate::dockerfile::error::Problem;
use crate::dockerfile::walk;

/// How files arrive.
pub struct Manner<'a> {
    /// What the source is called in messages.
    pub origin: &'a str,
    /// `--chown`, looked up.
    pub owner: Option<Owner>,
    /// `--chmod`.
    pub mode: Option<Mode>,
    /// `--exclude`.
    pub exclude: &'a Ignore,
}

/// Copies one source, a path found by [`select::select`], to `destination`: an absolute path whose trailing slash says
/// that it is a directory.
///
/// # Errors
/// The source is not there; a file and a directory meet.
pub fn copy(
    changes: &mut Changes<'_>,
    source: &Tree,
    from: &TreePath,
    destination: &str,
    manner: &Manner<'_>,
) -> Result<(), Problem> {
    let owner = manner.owner.unwrap_or(Owner::ROOT);
    let followed = select::follow(source, from)?;
    let entry = source.get(&followed);
    let is_directory = followed.is_root() || entry.is_some_and(|entry| entry.kind == Kind::Directory);
    if entry.is_none() && !is_directory {
        return Err(missing(&from.to_string(), manner.origin));
    }
    if !is_directory && excluded(manner.exclude, from) {
        return Ok(());
    }
    let wanted = walk::clean(destination);
    let parents = match destination.ends_with('/') {
        true => Some(wanted.clone()),
        false => wanted.parent(),
    };
    if let Some(parents) = parents {
        let at = changes.resolve(&parents)?;
        changes.make_directories(&at, manner.directory_mode(), owner)?;
    }
    let mut target = changes.resolve(&wanted)?;
    if !is_directory && changes.is_directory(&target) {
        let name = from.file_name();
        target = target.join(name).map_err(|error| Problem::words(error.to_string()))?;
    }
    if is_directory && changes.get(&target).is_none() {
        changes.make_directories(&target, manner.directory_mode(), owner)?;
    } else if let Some(parent) = target.parent() {
        changes.make_directories(&parent, manner.directory_mode(), owner)?;
    }
    let mut copy = Copy { changes, source, manner, links: BTreeMap::new() };
    match is_directory {
        true if !copy.changes.is_directory(&target) => Err(occupied(&target, "it is not a directory")),
        true => copy.content(&followed, &target, &TreePath::ROOT, &Walk::default()),
        false => copy.leaf(&followed, target),
    }
}

/// A source is not there.
pub fn missing(path: &str, origin: &str) -> Problem {
    let hint = (origin == CONTEXT).then(|| {
        "paths are below the context's directory, and what its `.dockerignore` excludes is not there"
            .to_owned()
    });
    Problem::NoSource { path: path.to_owned(), origin: origin.to_owned(), hint }
}

/// What the build context is called in messages.
pub const CONTEXT: &str = "the build context";

/// `--exclude` also means files that a source names directly, by their last component.
fn excluded(exclude: &Ignore, path: &TreePath) -> bool {
    exclude.excludes(path.file_name())
}

impl Manner<'_> {
    /// The mode of directories made on the way.
    pub fn directory_mode(&self) -> u16 {
        self.mode.as_ref().map_or(0o755, |mode| mode.apply(0o755, true))
    }

    /// An entry of the source as it arrives.
    fn arrive(&self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        if let Some(owner) = self.owner {
            entry.owner = owner;
        }
        // Linux has no permission bits for links.
        if let Some(mode) = self.mode.as_ref().filter(|_| !matches!(entry.kind, Kind::Symlink { .. })) {
            entry.mode = mode.apply(entry.mode, entry.kind == Kind::Directory);
        }
        entry
    }
}

/// One source on its way.
struct Copy<'a, 't, 'm> {
    changes: &'a mut Changes<'t>,
    source: &'a Tree,
    manner: &'a Manner<'m>,
    /// Where the first name of each file with several names went.
    links: BTreeMap<TreePath, TreePath>,
}

impl Copy<'_, '_, '_> {
    /// Everything in the directory `from`, into the directory `to`. `relative` is where that is below the source.
    fn content(
        &mut self,
        from: &TreePath,
        to: &TreePath,
        relative: &TreePath,
        walk: &Walk,
    ) -> Result<(), Problem> {
        let source = self.source;
        for (path, entry) in children(source, from) {
            let name = path.file_name();
            let (below, target) = (join(relative, name)?, join(to, name)?);
            if entry.kind != Kind::Directory {
                if !self.manner.exclude.excludes_in(below.as_bytes(), walk) {
                    self.leaf(path, target)?;
                }
                continue;
            }
            let (verdict, inner) = self.manner.exclude.enter(below.as_bytes(), walk);
            match verdict {
                Verdict::Prune => {}
                Verdict::Include => {
                    self.directory(entry, &target)?;
                    self.content(path, &target, &below, &inner)?;
                }
                // It comes only if something in it comes.
                Verdict::Exclude if self.anything_below(path, &below, &inner) => {
                    self.directory(entry, &target)?;
                    self.content(path, &target, &below, &inner)?;
                }
                Verdict::Exclude => {}
            }
        }
        Ok(())
    }

    fn anything_below(&self, from: &TreePath, relative: &TreePath, walk: &Walk) -> bool {
        children(self.source, from).any(|(path, entry)| {
            let Ok(below) = join(relative, path.file_name()) else { return false };
            if entry.kind != Kind::Directory {
                return !self.manner.exclude.excludes_in(below.as_bytes(), walk);
            }
            let (verdict, inner) = self.manner.exclude.enter(below.as_bytes(), walk);
            match verdict {
                Verdict::Include => true,
                Verdict::Exclude => self.anything_below(path, &below, &inner),
                Verdict::Prune => false,
            }
        })
    }

    /// A directory within the source: new or not, it gets the source's metadata.
    fn directory(&mut self, entry: &Entry, target: &TreePath) -> Result<(), Problem> {
        if self.changes.get(target).is_some() && !self.changes.is_directory(target) {
            return Err(occupied(target, "it is not a directory, and a directory cannot replace it"));
        }
        self.changes.put_directory(target.clone(), self.manner.arrive(entry));
        Ok(())
    }

    fn leaf(&mut self, path: &TreePath, target: TreePath) -> Result<(), Problem> {
        let Some(found) = self.source.get(path) else { return Ok(()) };
        let first = match &found.kind {
            Kind::HardLink { target } => target,
            _ => path,
        };
        let content = self.source.get(first).unwrap_or(found);
        let Kind::File { .. } = content.kind else {
            let change = Change { entry: self.manner.arrive(found), content: Content::Nothing };
            return self.changes.put(target, change);
        };
        let mut entry = self.manner.arrive(content);
        let known = self.links.get(first).cloned();
        let source = match known {
            Some(first) => {
                entry.kind = Kind::HardLink { target: first };
                Content::Nothing
            }
            None => {
                self.links.insert(first.clone(), target.clone());
                Content::Source(first.clone())
            }
        };
        self.changes.put(target, Change { entry, content: source })
    }
}

/// What is directly in `directory`.
fn children<'t>(tree: &'t Tree, directory: &'t TreePath) -> impl Iterator<Item = (&'t TreePath, &'t Entry)> {
    let depth = directory.components().count() + 1;
    tree.below(directory).filter(move |(path, _)| path.components().count() == depth)
}

fn join(directory: &TreePath, name: &[u8]) -> Result<TreePath, Problem> {
    directory.join(name).map_err(|error| Problem::words(error.to_string()))
}

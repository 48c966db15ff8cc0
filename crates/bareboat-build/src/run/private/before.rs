//! What a private root held before a command, and how it differs afterwards.
//!
//! A file is untouched when inode, change time, size, mode and owner are what they were: the change time cannot be set
//! back. Where only that differs, the file is compared with the layers.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use bareboat_image::{Kind, TreePath};

use crate::run::items::{Attributes, Items, attributes, is_untouched, kind_of};
use crate::run::lower::Lower;

/// A file before the command.
pub(super) struct Mark {
    inode: u64,
    /// File systems give the number of a removed directory to the next one.
    born: Option<SystemTime>,
    changed: (i64, i64),
    size: u64,
    mode: u32,
    owner: (u32, u32),
    links: u64,
    /// Only a directory's.
    attributes: Attributes,
    children: BTreeMap<Vec<u8>, Mark>,
}

/// Not its content, which is everything in the root.
impl fmt::Debug for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mark").field("inode", &self.inode).finish_non_exhaustive()
    }
}

impl Mark {
    /// Looks at everything in and below `at`, except for `targets`.
    pub(super) fn of(at: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(at)?;
        let mut mark = Self::alone(&metadata);
        if metadata.is_dir() {
            mark.attributes = attributes(at)?;
            for entry in fs::read_dir(at)? {
                let entry = entry?;
                mark.children.insert(entry.file_name().into_vec(), Self::of(&entry.path())?);
            }
        }
        Ok(mark)
    }

    fn alone(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            born: metadata.created().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            size: metadata.len(),
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            links: metadata.nlink(),
            attributes: BTreeMap::new(),
            children: BTreeMap::new(),
        }
    }

    fn is_directory(&self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.mode).is_dir()
    }

    fn is_same_file(&self, metadata: &Metadata) -> bool {
        let now = Self::alone(metadata);
        let facts = |mark: &Self| (mark.inode, mark.changed, mark.size, mark.mode, mark.owner);
        facts(self) == facts(&now)
    }

    fn is_same_directory(&self, metadata: &Metadata) -> bool {
        self.is_directory() && self.inode == metadata.ino() && self.born == metadata.created().ok()
    }
}

/// Writes what differs in `root` as an archive of changes; nothing at or below `targets` counts.
pub(super) fn write_changes(
    root: &Path,
    before: &Mark,
    targets: &BTreeSet<TreePath>,
    lower: &Lower,
    latest: i64,
    output: &mut dyn Write,
) -> Result<(), String> {
    let mut survey = Survey { items: Items::default(), targets };
    survey
        .root(root, before, lower)
        .map_err(|error| format!("cannot read what the command changed: {error}"))?;
    survey.items.write(latest, output)
}

struct Survey<'a> {
    items: Items,
    targets: &'a BTreeSet<TreePath>,
}

impl Survey<'_> {
    fn root(&mut self, at: &Path, before: &Mark, lower: &Lower) -> io::Result<()> {
        let (metadata, attributes) = (fs::symlink_metadata(at)?, attributes(at)?);
        if !is_same_metadata(before, &metadata, &attributes) {
            self.items.push(TreePath::ROOT, Kind::Directory, &metadata, attributes);
        }
        self.children(&TreePath::ROOT, at, Some(before), lower)
    }

    fn children(
        &mut self,
        path: &TreePath,
        at: &Path,
        before: Option<&Mark>,
        lower: &Lower,
    ) -> io::Result<()> {
        let mut names: BTreeSet<Vec<u8>> =
            before.iter().flat_map(|mark| mark.children.keys().cloned()).collect();
        for entry in fs::read_dir(at)? {
            names.insert(entry?.file_name().into_vec());
        }
        for name in names {
            let child = path.join(&name).map_err(io::Error::other)?;
            if self.targets.contains(&child) {
                continue;
            }
            let mark = before.and_then(|mark| mark.children.get(&name));
            let place = at.join(OsStr::from_bytes(&name));
            match fs::symlink_metadata(&place) {
                Ok(metadata) if !metadata.file_type().is_socket() => {
                    self.visit(child, &place, &metadata, mark, lower)?;
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ if mark.is_some() => self.items.push_whiteout(&child)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn visit(
        &mut self,
        path: TreePath,
        at: &Path,
        metadata: &Metadata,
        before: Option<&Mark>,
        lower: &Lower,
    ) -> io::Result<()> {
        if metadata.is_dir() {
            return self.directory(path, at, metadata, before, lower);
        }
        if before.is_some_and(|mark| mark.is_same_file(metadata)) {
            return Ok(());
        }
        let attributes = attributes(at)?;
        let more_links = before.is_none_or(|mark| metadata.nlink() > mark.links);
        if !more_links
            && let Some(below) = lower.entry(path.file_name())?
            && is_untouched(at, metadata, &attributes, &below)?
        {
            return Ok(());
        }
        let kind = kind_of(at, metadata)?;
        self.items.push_file(path, at, kind, metadata, attributes);
        Ok(())
    }

    fn directory(
        &mut self,
        path: TreePath,
        at: &Path,
        metadata: &Metadata,
        before: Option<&Mark>,
        lower: &Lower,
    ) -> io::Result<()> {
        let attributes = attributes(at)?;
        let old = before.filter(|mark| mark.is_directory());
        let kept = old.filter(|mark| mark.is_same_directory(metadata));
        let is_same = kept.is_some_and(|mark| is_same_metadata(mark, metadata, &attributes));
        let start = self.items.len();
        self.items.push(path.clone(), Kind::Directory, metadata, attributes);
        if old.is_some() && kept.is_none() {
            self.items.push_opaque(&path)?;
        }
        let inside = match kept {
            Some(_) => lower.enter(path.file_name())?,
            None => lower.nothing(),
        };
        self.children(&path, at, kept, &inside)?;
        if is_same && self.items.len() == start + 1 {
            self.items.truncate(start);
        }
        Ok(())
    }
}

fn is_same_metadata(before: &Mark, metadata: &Metadata, attributes: &Attributes) -> bool {
    before.mode == metadata.mode()
        && before.owner == (metadata.uid(), metadata.gid())
        && before.attributes == *attributes
}

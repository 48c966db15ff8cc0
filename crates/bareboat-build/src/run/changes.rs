//! Reads what a command changed from an overlay's upper directory and writes it as a tar archive, the same for the same
//! changes: sorted, without what is only there because something was looked at.
//!
//! Whiteouts and opaque directories become those of the OCI image layer specification ("Representing Changes"). Sockets
//! are left out, as every builder does. Files and directories that overlayfs copied up and that nobody changed are left
//! out, too; directories stay when something in them changed, because engines give a directory the topmost metadata.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use bareboat_image::{Kind, TreePath};
use bareboat_sandbox::Records;

use super::items::{Items, attributes, is_untouched, kind_of, same_metadata};
use super::lower::{Found, Lower, is_opaque, is_whiteout};

/// Writes the archive of what `upper` changes over `layers`, without its end. No time in it is later than `latest`.
///
/// # Errors
/// A text that says what could not be read or written.
pub(super) fn write_changes(
    upper: &Path,
    layers: &[PathBuf],
    records: Records,
    latest: i64,
    output: &mut dyn Write,
) -> Result<(), String> {
    let mut survey = Survey { records, items: Items::default() };
    let lower = Lower::new(layers, records);
    survey.root(upper, &lower).map_err(|error| format!("cannot read what the command changed: {error}"))?;
    survey.items.write(latest, output)
}

struct Survey {
    records: Records,
    items: Items,
}

impl Survey {
    /// The root has an entry only when its own metadata changed.
    fn root(&mut self, upper: &Path, lower: &Lower) -> io::Result<()> {
        let metadata = fs::symlink_metadata(upper)?;
        let attributes = attributes(upper)?;
        let is_same = match lower.own()? {
            Some(found) => same_metadata(&metadata, &attributes, &found)?,
            None => false,
        };
        if !is_same {
            self.items.push(TreePath::ROOT, Kind::Directory, &metadata, attributes);
        }
        self.children(&TreePath::ROOT, upper, lower)
    }

    fn children(&mut self, path: &TreePath, at: &Path, lower: &Lower) -> io::Result<()> {
        let mut names: Vec<_> =
            fs::read_dir(at)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let child = path.join(name.as_bytes()).map_err(io::Error::other)?;
            self.visit(child, &at.join(&name), lower)?;
        }
        Ok(())
    }

    fn visit(&mut self, path: TreePath, at: &Path, lower: &Lower) -> io::Result<()> {
        let metadata = fs::symlink_metadata(at)?;
        let below = lower.entry(path.file_name())?;
        let kind = metadata.file_type();
        if is_whiteout(&metadata) {
            // Of something that no layer has, there is nothing to hide: a mount point made for the run.
            return if below.is_some() { self.items.push_whiteout(&path) } else { Ok(()) };
        }
        if kind.is_socket() {
            // No archive has one, but what it replaced is gone.
            return if below.is_some() { self.items.push_whiteout(&path) } else { Ok(()) };
        }
        if kind.is_dir() {
            return self.directory(path, at, &metadata, below, lower);
        }
        let attributes = attributes(at)?;
        if metadata.nlink() == 1
            && let Some(below) = &below
            && is_untouched(at, &metadata, &attributes, below)?
        {
            return Ok(());
        }
        let kind = kind_of(at, &metadata)?;
        self.items.push_file(path, at, kind, &metadata, attributes);
        Ok(())
    }

    fn directory(
        &mut self,
        path: TreePath,
        at: &Path,
        metadata: &Metadata,
        below: Option<Found>,
        lower: &Lower,
    ) -> io::Result<()> {
        let attributes = attributes(at)?;
        let below = below.filter(|found| found.metadata.is_dir());
        // Overlayfs marks every new directory; only one in the place of an old one says something.
        let opaque = below.is_some() && is_opaque(at, self.records)?;
        let is_same = match &below {
            Some(found) => !opaque && same_metadata(metadata, &attributes, found)?,
            None => false,
        };
        let before = self.items.len();
        self.items.push(path.clone(), Kind::Directory, metadata, attributes);
        if opaque {
            self.items.push_opaque(&path)?;
        }
        let inside = match below.is_some() && !opaque {
            true => lower.enter(path.file_name())?,
            false => lower.nothing(),
        };
        self.children(&path, at, &inside)?;
        if is_same && self.items.len() == before + 1 {
            self.items.truncate(before);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;

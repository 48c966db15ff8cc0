//! From a package's entry to its place in the image: merged `/usr`, state below `/run`, then the slice.

use std::collections::BTreeMap;

use bareboat_image::TreePath;

use super::directories::{behind_links, is_moved};
use super::slices::{Slicing, Verdict};
use super::usr_merge::{is_alias, link_target, merged};
use crate::debfile::{DebEntry, DebKind};

/// Places one package's entries, in archive order.
pub struct Placer<'a> {
    package: &'a str,
    slicing: Slicing,
    placed: BTreeMap<TreePath, Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Directory,
    Other,
    Dropped,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It goes in, at this path and with these links.
    Keep(DebEntry),
    /// The slice leaves it out.
    Drop(&'static str),
    /// It is one of the aliases (`/lib` …) which [`super::usr_merge::alias_links`] makes, one of the links of
    /// [`super::directories`] (`/var/run`), or a directory that was
    /// placed before: `/lib/` and `/usr/lib/` of one package meet.
    Known,
}

impl<'a> Placer<'a> {
    /// For the entries of one `package`.
    pub fn new(package: &'a str, slicing: Slicing) -> Self {
        Self { package, slicing, placed: BTreeMap::new() }
    }

    /// Decides about the next entry.
    ///
    /// # Errors
    /// Two entries of the package meet at one path once `/usr` is merged, or a kept hard link names a dropped file.
    pub fn place(&mut self, entry: &DebEntry) -> Result<Placed, PlaceError> {
        if is_alias(&entry.path) && entry.kind != DebKind::Directory || is_moved(&entry.path) {
            return Ok(Placed::Known);
        }
        let path = behind_links(merged(&entry.path));
        if let Verdict::Drop(reason) = self.slicing.verdict(self.package, &path) {
            self.placed.insert(path, Place::Dropped);
            return Ok(Placed::Drop(reason));
        }
        let kind = self.kind(entry)?;
        let place = if kind == DebKind::Directory { Place::Directory } else { Place::Other };
        match self.placed.insert(path.clone(), place) {
            None => {}
            Some(Place::Directory) if place == Place::Directory => return Ok(Placed::Known),
            Some(_) => return Err(PlaceError::Collision { path }),
        }
        Ok(Placed::Keep(DebEntry { path, kind, ..entry.clone() }))
    }

    fn kind(&self, entry: &DebEntry) -> Result<DebKind, PlaceError> {
        Ok(match &entry.kind {
            DebKind::Symlink { target } => DebKind::Symlink { target: link_target(&entry.path, target) },
            DebKind::HardLink { target } => {
                let target = merged(target);
                if self.placed.get(&target) == Some(&Place::Dropped) {
                    return Err(PlaceError::HardLink { path: merged(&entry.path), target });
                }
                DebKind::HardLink { target }
            }
            other => other.clone(),
        })
    }
}

/// Why a package's entries cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The package has one file in `/lib` and another in `/usr/lib`, or alike.
    #[error("two files of the package meet at `{path}` once /usr is merged")]
    Collision {
        /// Where they meet.
        path: TreePath,
    },
    /// A hard link outlives the file it names.
    #[error("`{path}` is a hard link to `{target}`, which the slice leaves out")]
    HardLink {
        /// The link.
        path: TreePath,
        /// The file.
        target: TreePath,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Owner;

    fn entry(path: &str, kind: DebKind) -> DebEntry {
        DebEntry { path: TreePath::new(path).unwrap(), kind, mode: 0o755, owner: Owner::ROOT, size: 0 }
    }

    fn place(entries: Vec<DebEntry>) -> Vec<Result<String, String>> {
        let mut placer = Placer::new("libdemo", Slicing::default());
        let show = |placed| match placed {
            Placed::Keep(entry) => format!("{} {:?}", entry.path, entry.kind),
            other => format!("{other:?}"),
        };
        entries.iter().map(|entry| placer.place(entry).map(show).map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn meets_directories_and_moves_files() {
        let placed = place(vec![
            entry("lib", DebKind::Directory),
            entry("lib/a.so", DebKind::File),
            entry("usr/lib", DebKind::Directory),
            entry("usr/share/man/man1/x.1", DebKind::File),
        ]);
        let placed: Vec<_> = placed.into_iter().map(Result::unwrap).collect();
        assert_eq!(placed[..3], ["/usr/lib Directory", "/usr/lib/a.so File", "Known"]);
        assert!(placed[3].starts_with("Drop"));
    }

    #[test]
    fn an_alias_shipped_as_a_link_is_left_to_the_aliases() {
        let placed = place(vec![entry("lib64", DebKind::Symlink { target: "usr/lib64".into() })]);
        assert_eq!(placed, [Ok("Known".to_owned())]);
    }

    #[test]
    fn state_moves_to_run_as_the_script_of_base_files_moves_it() {
        let placed = place(vec![
            entry("var/run", DebKind::Directory),
            entry("var/lock", DebKind::Directory),
            entry("var/run/postgresql", DebKind::Directory),
            entry("var/lock/subsys", DebKind::Directory),
        ]);
        let placed: Vec<_> = placed.into_iter().map(Result::unwrap).collect();
        assert_eq!(placed, ["Known", "Known", "/run/postgresql Directory", "/run/lock/subsys Directory"]);
    }

    #[test]
    fn refuses_collisions_and_links_to_what_is_gone() {
        let placed = place(vec![
            entry("lib/a", DebKind::File),
            entry("usr/lib/a", DebKind::File),
            entry("usr/share/man/b", DebKind::File),
            entry("usr/bin/b", DebKind::HardLink { target: TreePath::new("usr/share/man/b").unwrap() }),
        ]);
        assert!(placed[1].as_ref().unwrap_err().contains("meet at `/usr/lib/a`"));
        assert!(placed[3].as_ref().unwrap_err().contains("the slice leaves out"));
    }
}

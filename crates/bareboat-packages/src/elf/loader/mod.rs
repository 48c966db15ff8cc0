//! Would it load? Follows every ELF file of a tree through the dynamic loader's own rules (ld.so(8)), without running it.
//!
//! Needed libraries are searched where glibc's loader searches, in its order: what is loaded already, `DT_RPATH` up the
//! chain of loaders, `LD_LIBRARY_PATH`, `DT_RUNPATH`, the cache, the default directories. Symbol versions wanted must be
//! defined by the library found. Libraries that a program opens at run time, such as Python's extension modules, are
//! checked in the company of what that program has loaded. musl's loader differs as [`CLibrary::Musl`] says.

mod check;
mod finding;
mod link_map;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Tree, TreePath};

pub use finding::Finding;
pub use search::default_directories;

use super::ElfFacts;
use crate::deb::Architecture;

/// A tree as the dynamic loader will see it.
#[derive(Debug, Clone)]
pub struct Loader<'a> {
    /// The merged tree.
    pub tree: &'a Tree,
    /// Its ELF files.
    pub elf: &'a BTreeMap<&'a TreePath, &'a ElfFacts>,
    /// What it runs on.
    pub architecture: Architecture,
    /// The C library's version; some rules changed. Not looked at for musl.
    pub glibc: (u16, u16),
    /// Whose loader it is.
    pub libc: CLibrary,
    /// Directories searched when nothing else is configured: Debian's are [`default_directories`], musl's come from
    /// `/etc/ld-musl-ARCHITECTURE.path`.
    pub directories: Vec<String>,
    /// Directories of `LD_LIBRARY_PATH` in the image's environment.
    pub library_path: Vec<String>,
    /// The loader cache: library name to absolute path ([`crate::system::ld_so_cache::plain_paths`]).
    pub cache: BTreeMap<String, String>,
    /// The program that opens libraries at run time: the interpreter.
    pub host: Option<TreePath>,
    /// Files that came along with a library of the same package. They matter once something loads them: until then a
    /// library they miss is a [`Finding::Unused`].
    pub along: BTreeSet<TreePath>,
}

/// The C libraries whose loaders are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CLibrary {
    /// The GNU C library.
    Glibc,
    /// musl: run paths are inherited by what is loaded, there is no cache, versions are not checked, and the loader is
    /// itself the C library under all its names.
    Musl,
}

/// What the loader would find, and what it would not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadReport {
    /// What is wrong, by file. Files without fault are absent.
    pub findings: BTreeMap<TreePath, Vec<Finding>>,
    /// Where each needed library was found, by the file that needs it.
    pub libraries: BTreeMap<TreePath, BTreeMap<String, TreePath>>,
}

impl Loader<'_> {
    /// Checks every ELF file.
    pub fn check(&self) -> LoadReport {
        check::check(self)
    }
}

impl LoadReport {
    /// Libraries that are nowhere, with the files that need them: what a package must be found for.
    pub fn missing_libraries(&self) -> BTreeMap<&str, BTreeSet<&TreePath>> {
        let mut missing: BTreeMap<&str, BTreeSet<&TreePath>> = BTreeMap::new();
        for (path, findings) in &self.findings {
            for finding in findings {
                if let Finding::MissingLibrary { soname, .. } = finding {
                    missing.entry(soname).or_default().insert(path);
                }
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests;

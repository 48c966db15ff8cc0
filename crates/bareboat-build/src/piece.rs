//! The result of one operation: a tree, and the compressed bytes for it.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Kind, Part, Tree, TreePath};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::scripts::Alternative;
use bareboat_store::{Digest, Store, StoreError};
use serde::{Deserialize, Serialize};

/// What one operation brings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Piece {
    /// Every path, directories included.
    pub tree: Tree,
    /// The tar entries of everything but directories, compressed; `None` when there is nothing else.
    pub part: Option<Part>,
    /// What the ELF files among them say.
    pub elf: BTreeMap<TreePath, ElfFacts>,
    /// The interpreter line of executable scripts, without `#!`.
    pub interpreters: BTreeMap<TreePath, String>,
    /// What its Python sources import as they are imported.
    pub imports: Imports,
    /// Files kept aside for something that is generated later (certificates), by their path in the package.
    pub captured: Captured,
    /// For a Debian package: what dpkg would have recorded.
    pub debian: Option<DebianFacts>,
    /// For a wheel: what its metadata says.
    pub python: Option<PythonFacts>,
    /// Python files that do not compile, with the reason.
    pub uncompiled: Vec<(TreePath, String)>,
}

/// Small files together in one blob: a certificate bundle is made of more than a hundred.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Captured {
    /// Their contents, one after the other in the order of their paths; `None` when there are none.
    pub blob: Option<Digest>,
    /// The length of each in bytes, by its path in the package.
    pub lengths: BTreeMap<TreePath, usize>,
}

impl Captured {
    /// The most bytes of all together; the certificates of the world have 220 kB.
    pub const LARGEST: u64 = 16 << 20;

    /// Keeps `files` in the store.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn keep(store: &Store, files: &BTreeMap<TreePath, Vec<u8>>) -> Result<Self, StoreError> {
        if files.is_empty() {
            return Ok(Self::default());
        }
        let blob = store.insert(&files.values().flatten().copied().collect::<Vec<u8>>())?;
        let lengths = files.iter().map(|(path, content)| (path.clone(), content.len())).collect();
        Ok(Self { blob: Some(blob), lengths })
    }

    /// The files with their contents.
    ///
    /// # Errors
    /// The blob is missing or damaged.
    pub fn read(&self, store: &Store) -> Result<BTreeMap<TreePath, Vec<u8>>, StoreError> {
        let Some(blob) = &self.blob else { return Ok(BTreeMap::new()) };
        let content = store.read(blob, Self::LARGEST)?;
        let mut rest = content.as_slice();
        let mut files = BTreeMap::new();
        for (path, length) in &self.lengths {
            let (file, after) = rest.split_at(*length.min(&rest.len()));
            files.insert(path.clone(), file.to_vec());
            rest = after;
        }
        Ok(files)
    }
}

/// What Python sources import as they are imported: names of modules, absolute.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Imports {
    /// Of each module of the standard library, by its path.
    pub standard: BTreeMap<TreePath, BTreeSet<String>>,
    /// Of all other sources together, without what they import of their own package.
    pub others: BTreeSet<String>,
}

/// What is kept of a Debian package's control files.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DebianFacts {
    /// The control stanza.
    pub control: String,
    /// Bytes of files left out by the slice.
    pub dropped: u64,
    /// Actions of maintainer scripts that nothing replaces.
    pub uncovered: Vec<String>,
    /// Actions that are replaced, with what replaces them.
    pub covered: Vec<(String, String)>,
    /// Files offered under a common name.
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
}

/// What is kept of a wheel's metadata.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PythonFacts {
    /// Name as the metadata writes it.
    pub name: String,
    /// Version.
    pub version: String,
    /// `Requires-Dist` lines.
    pub requires: Vec<String>,
    /// Compatibility tags of the `WHEEL` file.
    pub tags: Vec<String>,
    /// Commands it installs.
    pub scripts: Vec<String>,
}

impl Piece {
    /// An empty piece.
    pub fn empty() -> Self {
        Self {
            tree: Tree::new(),
            part: None,
            elf: BTreeMap::new(),
            interpreters: BTreeMap::new(),
            imports: Imports::default(),
            captured: Captured::default(),
            debian: None,
            python: None,
            uncompiled: Vec::new(),
        }
    }

    /// Paths that are no directories.
    pub fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.tree.entries.iter().filter(|(_, entry)| entry.kind != Kind::Directory).map(|(path, _)| path)
    }

    /// Bytes of the regular files.
    pub fn visible(&self) -> u64 {
        self.tree.entries.values().map(bareboat_image::Entry::size).sum()
    }
}

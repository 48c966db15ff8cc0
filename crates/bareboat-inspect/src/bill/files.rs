//! Whose each regular file is: a package's, an interpreter's, the application's, nobody's.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Kind, TreePath};
use bareboat_store::Digest;

use crate::facts::Facts;

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    /// A package's, by its place in the facts.
    Package(usize),
    /// An interpreter's that no package brought, by its place in the facts.
    Interpreter(usize),
    /// The application's.
    Application,
    /// Nobody's.
    Nobody,
}

/// Regular files of one home.
#[derive(Debug, Clone, Default)]
pub(super) struct Held<'a> {
    /// By path, with the digests of their contents.
    pub(super) files: Vec<(&'a TreePath, Digest)>,
    pub(super) layers: BTreeMap<usize, usize>,
}

impl Held<'_> {
    /// The digest of what `sha256sum` prints for them.
    pub(super) fn digest(&self) -> Digest {
        let lines: String =
            self.files.iter().map(|(path, digest)| format!("{}  {path}\n", digest.hex())).collect();
        Digest::of(lines)
    }

    /// The layer with most of them; of several the lowest.
    pub(super) fn layer(&self) -> Option<usize> {
        let most = self.layers.iter().max_by_key(|(layer, files)| (**files, std::cmp::Reverse(**layer)));
        most.map(|(layer, _)| *layer)
    }
}

/// All regular files by home.
pub(super) struct Files<'a> {
    held: BTreeMap<Home, Held<'a>>,
}

impl<'a> Files<'a> {
    pub(super) fn find(facts: &'a Facts) -> Self {
        let start = facts.at(&facts.config.working_dir).filter(|path| !path.is_root());
        let records: BTreeSet<&TreePath> = facts.packages.iter().map(|package| &package.evidence).collect();
        let mut held: BTreeMap<Home, Held<'a>> = BTreeMap::new();
        for (path, entry) in &facts.tree().entries {
            let Kind::File { digest, .. } = entry.kind else { continue };
            if facts.owner_index(path).is_none() && records.contains(path) {
                continue;
            }
            let Some(home) = home(facts, path, start.as_ref()) else { continue };
            let held = held.entry(home).or_default();
            held.files.push((path, digest));
            if let Some(layer) = facts.layer_of(path) {
                *held.layers.entry(layer).or_default() += 1;
            }
        }
        Self { held }
    }

    pub(super) fn of(&self, home: Home) -> Option<&Held<'a>> {
        self.held.get(&home)
    }
}

/// `None` for what follows from something else: compiled bytecode, and what package managers write down.
fn home(facts: &Facts, path: &TreePath, start: Option<&TreePath>) -> Option<Home> {
    if let Some(package) = facts.owner_index(path) {
        return Some(Home::Package(package));
    }
    let text = path.to_str_lossy();
    let is_record = ["var/lib/dpkg/", "lib/apk/db/", "var/lib/apt/", "var/cache/"]
        .iter()
        .any(|place| text.starts_with(place));
    if is_record {
        return None;
    }
    if facts.site_of(path).is_none() {
        let is_own = |found: &crate::facts::Interpreter| {
            found.program.as_ref() == Some(path)
                || found.library.as_ref().is_some_and(|library| path.starts_with(library))
                || text.contains(&format!("/libpython3.{}", found.minor))
        };
        if let Some(index) = facts.interpreters.iter().position(is_own) {
            return Some(Home::Interpreter(index));
        }
    }
    if text.ends_with(".pyc") {
        return None;
    }
    match start.is_some_and(|start| path.starts_with(start)) {
        true => Some(Home::Application),
        false => Some(Home::Nobody),
    }
}

//! A build context that is a directory of this machine.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bareboat_inspect::lint::{ContextFiles, Entry, EntryKind};

use super::walk::absolute;

/// Entries listed of one directory.
const MOST_ENTRIES: usize = 100_000;

/// The directory; nothing is read before a rule asks.
pub struct DirectoryFiles {
    root: PathBuf,
    /// Its real path; `None` when it does not exist.
    real: OnceLock<Option<PathBuf>>,
}

impl DirectoryFiles {
    /// The context at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: absolute(root), real: OnceLock::new() }
    }

    /// Where `path` is, links followed; `None` when it leads out of the context.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let root = self.real.get_or_init(|| self.root.canonicalize().ok()).as_ref()?;
        let found = root.join(path);
        // Most names that rules ask for are not there, or are plain ones in the context itself.
        let metadata = found.symlink_metadata().ok()?;
        if is_plain_name(path) && !metadata.is_symlink() {
            return Some(found);
        }
        let found = found.canonicalize().ok()?;
        found.starts_with(root).then_some(found)
    }
}

impl ContextFiles for DirectoryFiles {
    fn kind(&self, path: &str) -> Option<EntryKind> {
        self.find(path)?.metadata().ok().map(|metadata| kind(metadata.file_type()))
    }

    fn list(&self, path: &str) -> Vec<Entry> {
        let Some(entries) = self.find(path).and_then(|path| path.read_dir().ok()) else { return Vec::new() };
        let mut entries: Vec<Entry> = entries
            .take(MOST_ENTRIES)
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let file_type = entry.file_type().ok()?;
                let target = if file_type.is_symlink() { entry.path().metadata().ok() } else { None };
                let kind = kind(target.map_or(file_type, |target| target.file_type()));
                Some(Entry { name, kind })
            })
            .collect();
        entries.sort();
        entries
    }

    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        let path = self.find(path)?;
        // Opening a pipe or a device could wait for ever.
        if !path.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(limit as u64).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// One name that leads nowhere else.
fn is_plain_name(path: &str) -> bool {
    !path.contains('/') && !matches!(path, "" | "." | "..")
}

fn kind(file_type: std::fs::FileType) -> EntryKind {
    match (file_type.is_file(), file_type.is_dir()) {
        (true, _) => EntryKind::File,
        (_, true) => EntryKind::Directory,
        _ => EntryKind::Other,
    }
}

//! What is in the store and how much room it takes.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::store::list;
use crate::{Digest, Store, StoreError};

/// Counts and sizes. Sizes are file lengths in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Number of blobs.
    pub blobs: u64,
    /// Bytes of all blobs.
    pub blob_bytes: u64,
    /// Number of cached results.
    pub actions: u64,
    /// Bytes of all cached results.
    pub action_bytes: u64,
    /// Number of unpacked root file systems.
    pub roots: u64,
    /// Bytes of all their files.
    pub root_bytes: u64,
    /// Number of names.
    pub references: u64,
    /// Files being written now, by anybody.
    pub temporary: u64,
    /// Their bytes so far.
    pub temporary_bytes: u64,
}

impl Store {
    /// Counts what is there.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        for blob in self.blobs()? {
            usage.blobs += 1;
            usage.blob_bytes += blob.size;
        }
        for action in self.actions()? {
            usage.actions += 1;
            usage.action_bytes += action.size;
        }
        for root in self.roots()? {
            usage.roots += 1;
            usage.root_bytes += root.size;
        }
        usage.references = list(&self.root().join("references"))?.len() as u64;
        for (_, metadata) in list(&self.temporary_directory())? {
            usage.temporary += 1;
            usage.temporary_bytes += metadata.len();
        }
        Ok(usage)
    }

    /// All blobs, by digest.
    pub(crate) fn blobs(&self) -> Result<Vec<Listed>, StoreError> {
        list_fanned_out(self.root().join("blobs/sha256"))
    }

    /// All cached results, by key.
    pub(crate) fn actions(&self) -> Result<Vec<Listed>, StoreError> {
        list_fanned_out(self.root().join("actions"))
    }
}

/// One file of a fanned-out directory.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) digest: Digest,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) used: SystemTime,
}

/// The files in the subdirectories of `directory`, in order; names that are not digests are not ours and skipped.
fn list_fanned_out(directory: PathBuf) -> Result<Vec<Listed>, StoreError> {
    let mut found = Vec::new();
    for (subdirectory, metadata) in list(&directory)? {
        if !metadata.is_dir() {
            continue;
        }
        for (path, metadata) in list(&subdirectory)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(digest) = Digest::from_hex(name) else { continue };
            if metadata.is_file() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Listed { digest, path, size: metadata.len(), used });
            }
        }
    }
    Ok(found)
}

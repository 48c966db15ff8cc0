//! Rehashing everything, on all cores.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::record::{self, Found};
use crate::store::list;
use crate::usage::Listed;
use crate::{Digest, DigestWriter, Store, StoreError};

/// Whether [`Store::verify`] removes what it finds damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Only report.
    Report,
    /// Remove it, so that it is fetched or built again.
    Remove,
}

/// Which part of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A blob.
    Blob,
    /// A cached result.
    Action,
    /// A name.
    Reference,
}

/// Something damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CorruptEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Its file.
    pub path: PathBuf,
}

/// How far [`Store::verify`] has come. Both count blob bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Bytes hashed so far.
    pub done: u64,
    /// Bytes to hash.
    pub total: u64,
}

/// What [`Store::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Blobs, results and names looked at.
    pub checked: u64,
    /// Bytes of the blobs.
    pub bytes: u64,
    /// The damaged ones, by kind and path.
    pub corrupt: Vec<CorruptEntry>,
}

impl Store {
    /// Hashes every blob and checks every record. Does not count as use. `progress` is called from several threads.
    ///
    /// Other processes may go on working: what they remove meanwhile is not reported.
    pub fn verify(
        &self,
        repair: Repair,
        progress: &(dyn Fn(VerifyProgress) + Sync),
    ) -> Result<Verified, StoreError> {
        let mut blobs = self.blobs()?;
        // The longest first, so that no core is left alone with it at the end.
        blobs.sort_by(|left, right| (right.size, left.digest).cmp(&(left.size, right.digest)));
        let total = blobs.iter().map(|blob| blob.size).sum();
        let done = AtomicU64::new(0);
        let advance = |bytes: u64| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            progress(VerifyProgress { done, total });
        };
        let mut corrupt = blobs
            .par_iter()
            .map(|blob| Ok((!is_whole(blob, &advance)?).then(|| entry(EntryKind::Blob, blob.path.clone()))))
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, StoreError>>()?;
        let mut checked = blobs.len() as u64;
        for action in self.actions()? {
            checked += 1;
            if !is_record_of(&action.path, |name| name == action.digest.hex())? {
                corrupt.push(entry(EntryKind::Action, action.path));
            }
        }
        for (path, _) in list(&self.root().join("references"))? {
            checked += 1;
            if !is_record_of(&path, |name| self.reference_path(name) == path)? {
                corrupt.push(entry(EntryKind::Reference, path));
            }
        }
        corrupt.sort();
        if repair == Repair::Remove {
            remove_all(&corrupt)?;
        }
        Ok(Verified { checked, bytes: total, corrupt })
    }
}

fn entry(kind: EntryKind, path: PathBuf) -> CorruptEntry {
    CorruptEntry { kind, path }
}

fn is_whole(blob: &Listed, advance: &(dyn Fn(u64) + Sync)) -> Result<bool, StoreError> {
    let fail = |error| StoreError::io("read", &blob.path, error);
    let mut file = match fs::File::open(&blob.path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(fail(error)),
    };
    let mut hasher = DigestWriter::new(Reporting(advance));
    io::copy(&mut file, &mut hasher).map_err(fail)?;
    let (_, found, _): (_, Digest, _) = hasher.finish();
    Ok(found == blob.digest)
}

/// Swallows bytes and reports how many.
struct Reporting<'a>(&'a (dyn Fn(u64) + Sync));

impl io::Write for Reporting<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0(buffer.len() as u64);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_record_of(path: &std::path::Path, belongs: impl Fn(&str) -> bool) -> Result<bool, StoreError> {
    Ok(match record::read(path)? {
        Found::Absent => true,
        Found::Damaged => false,
        Found::Whole(name, _) => belongs(&name),
    })
}

fn remove_all(corrupt: &[CorruptEntry]) -> Result<(), StoreError> {
    for entry in corrupt {
        match fs::remove_file(&entry.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &entry.path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

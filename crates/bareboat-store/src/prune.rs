//! Making room: least recently used first, never under a live process.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;

use crate::roots::remove_tree;
use crate::usage::Listed;
use crate::{Digest, Store, StoreError};

/// What [`Store::prune`] may remove.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// Remove the least recently used until blobs, cached results and unpacked roots take no more than this many bytes.
    pub max_bytes: Option<u64>,
    /// Remove whatever was not used for this long. Uses are recorded to the day.
    pub older_than: Option<Duration>,
    /// The time to measure ages from.
    pub now: SystemTime,
    /// Blobs that stay in any case: those of named images.
    pub keep: BTreeSet<Digest>,
    /// Only say what would be removed. Waits for nobody.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Blobs removed.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Cached results removed.
    pub actions: u64,
    /// Their bytes.
    pub action_bytes: u64,
    /// Unpacked root file systems removed.
    pub roots: u64,
    /// Their bytes.
    pub root_bytes: u64,
    /// Files removed that dead processes left half-written.
    pub temporary: u64,
    /// Their bytes.
    pub temporary_bytes: u64,
    /// Bytes of the blobs, cached results and roots that stay.
    pub remaining_bytes: u64,
}

impl Store {
    /// Removes what `options` allow, least recently used first.
    ///
    /// Waits until no other process has the store open, calling `on_wait` once if it has to; processes that open it
    /// meanwhile wait in turn. Exclusive access within this process is the borrow checker's. Names are never removed.
    pub fn prune(&mut self, options: &PruneOptions, on_wait: impl FnOnce()) -> Result<Pruned, StoreError> {
        if options.dry_run {
            return self.prune_locked(options);
        }
        match self.lock_session(FlockOperation::NonBlockingLockExclusive) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::WouldBlock => {
                on_wait();
                self.lock_session(FlockOperation::LockExclusive)?;
            }
            result => result?,
        }
        let pruned = self.prune_locked(options);
        self.lock_session(FlockOperation::LockShared)?;
        pruned
    }

    fn prune_locked(&self, options: &PruneOptions) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        if !options.dry_run {
            (pruned.temporary, pruned.temporary_bytes) = self.sweep_temporary()?;
            self.sweep_locks()?;
        }
        let mut candidates = self.candidates()?;
        pruned.remaining_bytes = candidates.iter().map(|candidate| candidate.file.size).sum();
        candidates.retain(|candidate| {
            candidate.kind != Kind::Blob || !options.keep.contains(&candidate.file.digest)
        });
        candidates.sort_by_key(Candidate::order);
        for candidate in candidates {
            let is_old = options.older_than.is_some_and(|age| candidate.file.is_older(age, options.now));
            let is_excess = options.max_bytes.is_some_and(|most| pruned.remaining_bytes > most);
            if (is_old || is_excess) && (options.dry_run || candidate.remove()?) {
                pruned.count(&candidate);
            }
        }
        Ok(pruned)
    }

    fn candidates(&self) -> Result<Vec<Candidate>, StoreError> {
        let blobs = self.blobs()?.into_iter().map(|file| Candidate { file, kind: Kind::Blob });
        let actions = self.actions()?.into_iter().map(|file| Candidate { file, kind: Kind::Action });
        let roots = self.roots()?.into_iter().map(|file| Candidate { file, kind: Kind::Root });
        Ok(blobs.chain(actions).chain(roots).collect())
    }
}

impl Pruned {
    fn count(&mut self, removed: &Candidate) {
        let (number, bytes) = match removed.kind {
            Kind::Blob => (&mut self.blobs, &mut self.blob_bytes),
            Kind::Action => (&mut self.actions, &mut self.action_bytes),
            Kind::Root => (&mut self.roots, &mut self.root_bytes),
        };
        *number += 1;
        *bytes += removed.file.size;
        self.remaining_bytes -= removed.file.size;
    }
}

struct Candidate {
    file: Listed,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Root,
    Blob,
    Action,
}

impl Candidate {
    /// Oldest first; of the same moment first roots, which blobs can make again, and results after the blobs that they
    /// may point to.
    fn order(&self) -> (SystemTime, Kind, Digest) {
        (self.file.used, self.kind, self.file.digest)
    }

    /// False when it is another user's and stays, or when only a command in a user namespace can remove it and will.
    fn remove(&self) -> Result<bool, StoreError> {
        let removed = match self.kind {
            Kind::Root => remove_tree(&self.file.path).inspect_err(|_| leave_to_commands(&self.file.path)),
            Kind::Blob | Kind::Action => fs::remove_file(&self.file.path),
        };
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Err(error) => Err(StoreError::io("remove", &self.file.path, error)),
        }
    }
}

/// Moves a root whose files belong to users that only exist in a namespace to `run/`, which the next command empties:
/// it has such a namespace.
fn leave_to_commands(root: &Path) {
    let (Some(store), Some(name)) = (root.parent().and_then(Path::parent), root.file_name()) else { return };
    let place = store.join("run");
    // Best effort: where it cannot be moved, it stays a root.
    let _ = fs::create_dir_all(&place).and_then(|()| fs::rename(root, place.join(name)));
}

impl Listed {
    fn is_older(&self, age: Duration, now: SystemTime) -> bool {
        now.duration_since(self.used).is_ok_and(|unused| unused >= age)
    }
}

//! Locks by name between processes, and between threads of one.
//!
//! `flock(2)` on a file in `locks/`: the kernel releases it however the holder dies. An exclusive holder removes the
//! file before it lets go, so `locks/` does not grow; who then gets the lock on the removed file notices and starts
//! again.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::store::open_lock_file;
use crate::{Store, StoreError};

/// A lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    // Closing it releases the lock.
    file: File,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exclusive,
    Shared,
}

impl Store {
    /// Waits until nobody else holds `name` (any text). Calls `on_wait` once when it has to wait.
    pub fn lock(&self, name: &str, on_wait: impl FnOnce()) -> Result<Lock, StoreError> {
        self.acquire(name, Kind::Exclusive, on_wait)
    }

    /// Waits until nobody holds `name` exclusively. Calls `on_wait` once when it has to wait.
    pub fn lock_shared(&self, name: &str, on_wait: impl FnOnce()) -> Result<Lock, StoreError> {
        self.acquire(name, Kind::Shared, on_wait)
    }

    /// Locks `name` exclusively if that is possible at once.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        self.try_acquire(name, Kind::Exclusive)
    }

    /// Locks `name` if nobody holds it exclusively.
    pub fn try_lock_shared(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        self.try_acquire(name, Kind::Shared)
    }

    fn try_acquire(&self, name: &str, kind: Kind) -> Result<Option<Lock>, StoreError> {
        let path = self.lock_path(name);
        let operation = match kind {
            Kind::Exclusive => FlockOperation::NonBlockingLockExclusive,
            Kind::Shared => FlockOperation::NonBlockingLockShared,
        };
        loop {
            let file = open_lock_file(&path, self.modes())?;
            match flock(&file, operation) {
                Ok(()) if names(&path, &file) => return Ok(Some(Lock { path, file, kind })),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(StoreError::io("lock", &path, error)),
            }
        }
    }

    fn acquire(&self, name: &str, kind: Kind, on_wait: impl FnOnce()) -> Result<Lock, StoreError> {
        let path = self.lock_path(name);
        let fail = |error| StoreError::io("lock", &path, error);
        let (at_once, waiting) = match kind {
            Kind::Exclusive => (FlockOperation::NonBlockingLockExclusive, FlockOperation::LockExclusive),
            Kind::Shared => (FlockOperation::NonBlockingLockShared, FlockOperation::LockShared),
        };
        let mut on_wait = Some(on_wait);
        loop {
            let file = open_lock_file(&path, self.modes())?;
            match flock(&file, at_once) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(on_wait) = on_wait.take() {
                        on_wait();
                    }
                    flock(&file, waiting).map_err(fail)?;
                }
                Err(error) => return Err(fail(error)),
            }
            if names(&path, &file) {
                return Ok(Lock { path, file, kind });
            }
        }
    }

    /// Removes lock files that nobody holds, left by shared and killed holders. They are few and empty: best effort.
    pub(crate) fn sweep_locks(&self) -> Result<(), StoreError> {
        for (path, _) in crate::store::list(&self.root().join("locks"))? {
            if path.ends_with("session") {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() && names(&path, &file) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.kind == Kind::Exclusive && names(&self.path, &self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `flock`, going on after signals.
pub(crate) fn flock(file: &File, operation: FlockOperation) -> io::Result<()> {
    loop {
        match rustix::fs::flock(file, operation) {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// True when `path` still names `file`, so that the lock on it is the one others will meet.
fn names(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
        _ => false,
    }
}

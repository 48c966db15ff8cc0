//! Directories of one execution: what it changes, and what overlayfs needs. Gone with it, or with the next one after a
//! crash.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bareboat_sandbox::{SandboxError, start_helper};
use bareboat_store::{Lock, Store, StoreError};

use super::error::RunError;
use super::tier::Ground;

/// The directories of one execution. Dropping it removes them.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    ground: Ground,
    directories: AtomicU64,
    /// Says that somebody still needs the directory.
    _lock: Lock,
}

impl Scratch {
    pub(super) fn new(store: &Store, ground: &Ground) -> Result<Self, RunError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let parent = directory(store)?;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{number}", std::process::id());
            // Somebody in another process namespace may have the same number.
            let Some(lock) = store.try_lock(&lock_name(&name))? else { continue };
            let path = parent.join(name);
            remove(&path, ground);
            fs::create_dir(&path).map_err(|error| StoreError::io("create", &path, error))?;
            return Ok(Self { path, ground: ground.clone(), directories: AtomicU64::new(0), _lock: lock });
        }
    }

    /// A new pair of directories for an overlay: `upper` and `work`.
    pub(super) fn pair(&self) -> Result<(PathBuf, PathBuf), RunError> {
        Ok((self.directory("upper")?, self.directory("work")?))
    }

    /// A new directory whose name begins with `name`.
    pub(super) fn directory(&self, name: &str) -> Result<PathBuf, RunError> {
        let number = self.directories.fetch_add(1, Ordering::Relaxed);
        let path = self.path.join(format!("{name}-{number}"));
        fs::create_dir(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| StoreError::io("create", &path, error))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.path, &self.ground);
    }
}

/// Gives `upper` the metadata of the directory that it covers: an overlay's root is its topmost one.
pub(super) fn copy_root(upper: &Path, covered: &Path, ground: &Ground) -> Result<(), RunError> {
    let fail = |error| RunError::from(StoreError::io("set the metadata of", upper, error));
    let (own, wanted) = (fs::metadata(upper).map_err(fail)?, fs::metadata(covered).map_err(fail)?);
    let owners = |metadata: &fs::Metadata| (metadata.uid(), metadata.gid());
    if owners(&own) != owners(&wanted) {
        let (upper, covered) = (upper.to_owned(), covered.to_owned());
        in_ground(ground, move || {
            let wanted = fs::metadata(&covered)?;
            lchown(&upper, Some(wanted.uid()), Some(wanted.gid()))?;
            fs::set_permissions(&upper, fs::Permissions::from_mode(wanted.mode() & 0o7777))
        })?;
        return Ok(());
    }
    fs::set_permissions(upper, fs::Permissions::from_mode(wanted.mode() & 0o7777)).map_err(fail)
}

/// Removes what executions left behind whose processes are gone.
pub(super) fn sweep(store: &Store, ground: &Ground) -> Result<(), RunError> {
    let parent = directory(store)?;
    let entries = fs::read_dir(&parent).map_err(|error| StoreError::io("list", &parent, error))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(_lock) = store.try_lock(&lock_name(&name))? {
            remove(&entry.path(), ground);
        }
    }
    Ok(())
}

/// Does something to files as root of the ground, without output.
pub(super) fn in_ground(ground: &Ground, work: impl FnOnce() -> io::Result<()>) -> Result<(), SandboxError> {
    start_helper(ground.identity, |_| work().map_err(|error| error.to_string()))?.finish(&|| false)
}

/// Best effort: what stays is tried again by the next execution.
pub(super) fn remove(path: &Path, ground: &Ground) {
    match fs::remove_dir_all(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Files of users that only exist in the namespace.
        Err(_) => {
            let _ = in_ground(ground, || remove_as_root(path));
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// Empties directories as far as possible; runs as root of the ground.
pub(super) fn empty(directories: &[&PathBuf]) {
    for directory in directories {
        let _ = remove_as_root(directory);
    }
}

fn remove_as_root(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

fn directory(store: &Store) -> Result<PathBuf, RunError> {
    let path = store.root().join("run");
    fs::create_dir_all(&path).map_err(|error| StoreError::io("create", &path, error))?;
    Ok(path)
}

fn lock_name(name: &str) -> String {
    format!("run {name}")
}

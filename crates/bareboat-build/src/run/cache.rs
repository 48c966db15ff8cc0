//! Cache mounts: directories of the store that outlive the commands that use them.
//!
//! A cache lies at `ROOT/caches/<digest of id, number and ground>/fs`. Who uses it holds a lock on it, so that sharing is
//! kept between processes as well. Another ground has other owners, so it has caches of its own.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_store::{Digest, Lock, StoreError};

use super::error::RunError;
use super::lower::Lower;
use super::mounts::Preparation;
use super::{BindSource, CacheMount, Sharing, base, scratch};

/// The cache's directory, made if it is new, and the hold on it.
pub(super) fn open(preparation: &Preparation<'_>, wanted: &CacheMount) -> Result<(PathBuf, Lock), RunError> {
    let (name, lock) = hold(preparation, wanted)?;
    let parent = preparation.store.root().join("caches").join(&name);
    let files = parent.join("fs");
    // Only one may make it; those who share it wait for that.
    let _making = preparation.store.lock(&format!("cache {name} making"), || {})?;
    if !files.is_dir() {
        make(preparation, wanted, &parent)?;
    }
    Ok((files, lock))
}

fn hold(preparation: &Preparation<'_>, wanted: &CacheMount) -> Result<(String, Lock), RunError> {
    let store = preparation.store;
    let name = |number: u32| {
        let identity = format!("{}\0{number}\0{}", wanted.id, preparation.ground.name);
        Digest::of(identity).hex().to_string()
    };
    let lock_name = |name: &str| format!("cache {name}");
    let mut number = 0;
    loop {
        let name = name(number);
        let lock = match wanted.sharing {
            Sharing::Shared => store.try_lock_shared(&lock_name(&name))?,
            Sharing::Locked | Sharing::Private => store.try_lock(&lock_name(&name))?,
        };
        if let Some(lock) = lock {
            return Ok((name, lock));
        }
        match wanted.sharing {
            Sharing::Private => number += 1,
            // Not waiting in the kernel, so that somebody can stop waiting.
            Sharing::Shared | Sharing::Locked => {
                preparation.cancel.check()?;
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
}

/// Under another name until it is whole.
fn make(preparation: &Preparation<'_>, wanted: &CacheMount, parent: &Path) -> Result<(), RunError> {
    let fail = |error| RunError::from(StoreError::io("create", parent, error));
    let new = parent.join("new");
    scratch::remove(&new, preparation.ground);
    fs::create_dir_all(&new).map_err(fail)?;
    let inside = new.join("fs");
    fs::create_dir(&inside).map_err(fail)?;
    let source = wanted.from.as_ref().map(|from| source(preparation, from)).transpose()?;
    let work = || {
        if let Some(lower) = &source {
            copy_children(lower, &inside)?;
        }
        lchown(&inside, Some(wanted.owner.uid), Some(wanted.owner.gid))?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(wanted.mode.into()))
    };
    scratch::in_ground(preparation.ground, work)?;
    let files = parent.join("fs");
    scratch::in_ground(preparation.ground, || fs::rename(&inside, &files))?;
    fs::remove_dir_all(&new).map_err(fail)
}

/// The directory that a new cache starts with.
fn source(preparation: &Preparation<'_>, from: &BindSource) -> Result<Lower, RunError> {
    let records = preparation.ground.records;
    match from {
        BindSource::Directory(path) => Ok(Lower::new(&[path.clone()], records)),
        BindSource::Layers { layers, path } => {
            let directories =
                base::directories(preparation.store, preparation.ground, layers, preparation.cancel)?;
            let mut lower = Lower::new(&directories, records);
            for name in path.components() {
                lower = lower.enter(name).map_err(|error| {
                    let path = base::at(Path::new("/"), path);
                    RunError::Source { path, error }
                })?;
            }
            Ok(lower)
        }
    }
}

/// Files, directories and links; a cache has no use for anything else.
fn copy_children(lower: &Lower, to: &Path) -> io::Result<()> {
    for name in lower.names()? {
        let Some(found) = lower.entry(&name)? else { continue };
        let place = to.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&name));
        let (metadata, kind) = (&found.metadata, found.metadata.file_type());
        if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
            continue;
        }
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&found.path)?, &place)?;
            lchown(&place, Some(metadata.uid()), Some(metadata.gid()))?;
            continue;
        }
        match kind.is_dir() {
            true => {
                fs::create_dir(&place)?;
                copy_children(&lower.enter(&name)?, &place)?;
            }
            false => drop(fs::copy(&found.path, &place)?),
        }
        lchown(&place, Some(metadata.uid()), Some(metadata.gid()))?;
        fs::set_permissions(&place, fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
    }
    Ok(())
}

const LOOK_EVERY: Duration = Duration::from_millis(50);

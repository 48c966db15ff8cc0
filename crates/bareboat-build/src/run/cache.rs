//! Cache mounts: directories of the store that outlive the commands that use them.
//!
//! A cache lies at `ROOT/caches/<digest of id, number and ground>/fs`. Who uses it holds a lock on it, so that sharing is
//! kept between processes as well. Another ground has other owners, so it has caches of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_image::{Owner, TreePath};
use bareboat_store::{Digest, Lock, StoreError};

use super::copy::Copier;
use super::error::RunError;
use super::lower::Lower;
use super::{BindSource, Executor, Sharing, Tier, base, scratch};

/// What a cache is made with when there is none yet.
pub(super) struct New<'a> {
    pub(super) mode: u16,
    pub(super) owner: Owner,
    pub(super) from: Option<&'a BindSource>,
}

/// The cache's directory, made if it is new, and the hold on it.
pub(super) fn open(
    executor: &Executor<'_>,
    id: &str,
    sharing: Sharing,
    new: &New<'_>,
) -> Result<(PathBuf, Lock), RunError> {
    let (name, lock) = hold(executor, id, sharing)?;
    let parent = executor.store.root().join("caches").join(&name);
    let files = parent.join("fs");
    // Only one may make it; those who share it wait for that.
    let _making = executor.store.lock(&format!("cache {name} making"), || {})?;
    if !files.is_dir() {
        make(executor, new, &parent)?;
    }
    Ok((files, lock))
}

fn hold(executor: &Executor<'_>, id: &str, sharing: Sharing) -> Result<(String, Lock), RunError> {
    let store = executor.store;
    let name = |number: u32| {
        let identity = format!("{id}\0{number}\0{}", executor.ground.name);
        Digest::of(identity).hex().to_string()
    };
    let lock_name = |name: &str| format!("cache {name}");
    // There a cache is moved to where it is used, and can only be at one place.
    let lends = executor.ground.tier == Tier::Chroot;
    let mut number = 0;
    loop {
        let name = name(number);
        let lock = match sharing {
            Sharing::Shared if !lends => store.try_lock_shared(&lock_name(&name))?,
            _ => store.try_lock(&lock_name(&name))?,
        };
        if let Some(lock) = lock {
            return Ok((name, lock));
        }
        match sharing {
            Sharing::Private => number += 1,
            // Not waiting in the kernel, so that somebody can stop waiting.
            Sharing::Shared | Sharing::Locked => {
                executor.cancel.check()?;
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
}

/// Under another name until it is whole.
fn make(executor: &Executor<'_>, wanted: &New<'_>, parent: &Path) -> Result<(), RunError> {
    let fail = |error| RunError::from(StoreError::io("create", parent, error));
    let new = parent.join("new");
    scratch::remove(&new, &executor.ground);
    fs::create_dir_all(&new).map_err(fail)?;
    let inside = new.join("fs");
    fs::create_dir(&inside).map_err(fail)?;
    let source = wanted.from.map(|from| source(executor, from)).transpose()?;
    // Where its owners exist: nobody else may look into every directory.
    let work = || {
        if let Some((layers, path)) = &source {
            let lower = Lower::new(layers, executor.ground.records);
            let real = lower.resolve(path)?.ok_or(std::io::ErrorKind::NotFound)?;
            Copier::default().directory(&lower.at(&real)?, &inside)?;
        }
        lchown(&inside, Some(wanted.owner.uid), Some(wanted.owner.gid))?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(wanted.mode.into()))
    };
    scratch::in_ground(&executor.ground, work)?;
    let files = parent.join("fs");
    scratch::in_ground(&executor.ground, || fs::rename(&inside, &files))?;
    fs::remove_dir_all(&new).map_err(fail)
}

/// The layers and the path in them that a new cache starts with.
fn source(executor: &Executor<'_>, from: &BindSource) -> Result<(Vec<PathBuf>, TreePath), RunError> {
    match from {
        BindSource::Directory(path) => Ok((vec![path.clone()], TreePath::ROOT)),
        BindSource::Layers { layers, path } => {
            let Executor { store, ground, cancel, .. } = executor;
            Ok((base::directories(store, ground, layers, cancel)?, path.clone()))
        }
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(50);

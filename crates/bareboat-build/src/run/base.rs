//! Layers as directories: each is unpacked once and then serves every root that has it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use bareboat_image::tar::read::Limits;
use bareboat_image::unpack::unpack_layer;
use bareboat_image::{Layer, TreePath};
use bareboat_sandbox::start_helper;
use bareboat_store::{Cancel, Digest, Store, StoreError};
use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use super::error::RunError;
use super::lower::Lower;
use super::scratch;
use super::tier::Ground;

/// The directories of `layers`, topmost first; never none.
pub(super) fn directories(
    store: &Store,
    ground: &Ground,
    layers: &[Layer],
    cancel: &Cancel,
) -> Result<Vec<PathBuf>, RunError> {
    // Decompressing is most of the work, and no layer needs another for it.
    layers.par_iter().try_for_each(|layer| unpacked(store, ground, layer, cancel).map(drop))?;
    let mut found = Vec::new();
    let mut chain = Digest::of("");
    for layer in layers {
        let root = unpacked(store, ground, layer, cancel)?;
        let files = root.join(FILES);
        chain = Digest::of(format!("{chain} {}", layer.diff_id));
        let implied = read_implied(&root.join(IMPLIED))?;
        let parents = match implied.is_empty() || found.is_empty() {
            true => None,
            false => Some(parents(store, ground, &chain, &implied, &files, &found)?),
        };
        found.insert(0, files);
        found.splice(0..0, parents);
    }
    if found.is_empty() {
        found.push(empty(store)?);
    }
    Ok(found)
}

/// A directory with nothing in it, the root below an empty stack of layers.
pub(super) fn empty(store: &Store) -> Result<PathBuf, RunError> {
    Ok(store.unpacked("empty", |_| Ok::<(), StoreError>(()))?)
}

fn unpacked(store: &Store, ground: &Ground, layer: &Layer, cancel: &Cancel) -> Result<PathBuf, RunError> {
    cancel.check()?;
    let name = format!("layer-{}-{}", layer.diff_id.hex(), ground.name);
    store.unpacked(&name, |root| {
        // Says so now if it is not there.
        store.open_blob(&layer.digest)?;
        let (blob, files) = (store.path(&layer.digest), root.join(FILES));
        make(&files)?;
        let stop = || cancel.is_cancelled();
        let work = || -> Result<(), String> {
            let unpacked = unpack_layer(&blob, &files, ground.records.prefix(), Limits::default())
                .map_err(|error| error.to_string())?;
            write_implied(&root.join(IMPLIED), &unpacked.implied).map_err(|error| error.to_string())
        };
        let result = start_helper(ground.identity, |_| work()).and_then(|helper| helper.finish(&stop));
        result.map_err(|error| {
            scratch::remove(&files, ground);
            match error {
                bareboat_sandbox::SandboxError::Stopped => StoreError::Cancelled.into(),
                bareboat_sandbox::SandboxError::Helper { message } => {
                    RunError::Unpack { layer: layer.digest, message }
                }
                error => error.into(),
            }
        })
    })
}

/// A layer of nothing but the directories that the one at `files` uses without listing them, with the metadata that
/// they have in the layers below: without it, an overlay would show the defaults.
fn parents(
    store: &Store,
    ground: &Ground,
    chain: &Digest,
    implied: &BTreeSet<TreePath>,
    files: &Path,
    below: &[PathBuf],
) -> Result<PathBuf, RunError> {
    let name = format!("parents-{}-{}", chain.hex(), ground.name);
    let root = store.unpacked(&name, |root| {
        let new = root.join(FILES);
        make(&new)?;
        let result = scratch::in_ground(ground, || write_parents(&new, implied, files, below, ground));
        result.map_err(|error| {
            scratch::remove(&new, ground);
            RunError::from(error)
        })
    })?;
    Ok(root.join(FILES))
}

fn write_parents(
    new: &Path,
    implied: &BTreeSet<TreePath>,
    files: &Path,
    below: &[PathBuf],
    ground: &Ground,
) -> io::Result<()> {
    let mut wanted = BTreeSet::from([TreePath::ROOT]);
    for path in implied {
        let ancestors = std::iter::successors(Some(path.clone()), TreePath::parent);
        wanted.extend(ancestors);
    }
    let lower = Lower::new(below, ground.records);
    let own = Lower::new(&[files.to_owned()], ground.records);
    for path in wanted.iter().filter(|path| !path.is_root()) {
        fs::create_dir(at(new, path))?;
    }
    for path in wanted.iter().rev() {
        let listed = !implied.contains(path) && !path.is_root();
        let found = if listed { own.find(path)? } else { lower.find(path)?.or(own.find(path)?) };
        let Some(metadata) = found.map(|found| found.metadata).filter(fs::Metadata::is_dir) else { continue };
        let place = at(new, path);
        lchown(&place, Some(metadata.uid()), Some(metadata.gid()))?;
        fs::set_permissions(&place, fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
        let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, &place, &times, AtFlags::empty())?;
    }
    Ok(())
}

/// Where `path` lies below `directory`.
pub(super) fn at(directory: &Path, path: &TreePath) -> PathBuf {
    match path.is_root() {
        true => directory.to_owned(),
        false => directory.join(OsStr::from_bytes(path.as_bytes())),
    }
}

fn make(directory: &Path) -> Result<(), StoreError> {
    fs::create_dir(directory)
        .and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(0o755)))
        .map_err(|error| StoreError::io("create", directory, error))
}

/// Paths with a NUL byte, which none has, behind each.
fn write_implied(file: &Path, implied: &BTreeSet<TreePath>) -> io::Result<()> {
    let mut bytes = Vec::new();
    for path in implied.iter().filter(|path| !path.is_root()) {
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
    }
    fs::write(file, bytes)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))
}

fn read_implied(file: &Path) -> Result<BTreeSet<TreePath>, RunError> {
    let bytes = fs::read(file).map_err(|error| StoreError::io("read", file, error))?;
    let paths = bytes.split(|&byte| byte == 0).filter(|path| !path.is_empty());
    Ok(paths.filter_map(|path| TreePath::new(path).ok()).collect())
}

/// The layer's files, below its directory in the store: that directory stays ours whoever owns the layer's root.
const FILES: &str = "fs";
/// The list of directories that the layer does not list.
const IMPLIED: &str = "implied";

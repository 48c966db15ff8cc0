//! What a command's mounts are to the sandbox.

use std::fs;
use std::path::{Path, PathBuf};

use bareboat_sandbox::{Access, Changes, Mount, name_files};
use bareboat_store::{Cancel, Lock, Store};

use super::error::RunError;
use super::scratch::Scratch;
use super::tier::Ground;
use super::{BindSource, Command, RunMount, base, cache};

/// Mounts, and what must be held while they are used.
pub(super) struct Prepared {
    pub(super) mounts: Vec<Mount>,
    pub(super) _locks: Vec<Lock>,
}

/// What everything is prepared with.
pub(super) struct Preparation<'a> {
    pub(super) store: &'a Store,
    pub(super) ground: &'a Ground,
    pub(super) scratch: &'a Scratch,
    pub(super) cancel: &'a Cancel,
}

impl Preparation<'_> {
    /// The command's mounts behind `/etc/hosts` and `/etc/resolv.conf`, which it can only read, as under BuildKit.
    pub(super) fn prepare(&self, command: &Command) -> Result<Prepared, RunError> {
        let mut mounts = name_files(&command.hostname, command.network, &command.hosts);
        mounts.retain(|mount| mount.target() != Path::new("/etc/hostname"));
        let mut locks = Vec::new();
        for mount in &command.mounts {
            if mount.target().components().count() < 2 {
                return Err(RunError::RootTarget { target: mount.target().to_owned() });
            }
            mounts.push(self.mount(mount, &mut locks)?);
        }
        Ok(Prepared { mounts, _locks: locks })
    }

    fn mount(&self, mount: &RunMount, locks: &mut Vec<Lock>) -> Result<Mount, RunError> {
        let owner = |owner: &bareboat_image::Owner| (owner.uid, owner.gid);
        Ok(match mount {
            RunMount::Bind { source, target, writable } => self.bind(source, target, *writable)?,
            RunMount::Cache(wanted) => {
                let (directory, lock) = cache::open(self, wanted)?;
                locks.push(lock);
                let access = if wanted.read_only { Access::ReadOnly } else { Access::ReadWrite };
                Mount::Bind { source: directory, target: wanted.target.clone(), access }
            }
            RunMount::Tmpfs { target, size } => Mount::scratch(target, *size),
            RunMount::Secret { content, target, mode, owner: belongs } => Mount::File {
                target: target.clone(),
                content: content.clone(),
                mode: (*mode).into(),
                owner: owner(belongs),
            },
            RunMount::Ssh { socket, target } => Mount::writable(socket, target),
            RunMount::File { content, target, mode } => Mount::File {
                target: target.clone(),
                content: content.clone(),
                mode: (*mode).into(),
                owner: (0, 0),
            },
        })
    }

    /// Without changes a host path is mounted as it is; everything else is an overlay, whose changes go to the scratch
    /// directory and with it.
    fn bind(&self, source: &BindSource, target: &Path, writable: bool) -> Result<Mount, RunError> {
        let (layers, path) = match source {
            BindSource::Directory(source) if !writable => return Ok(Mount::read_only(source, target)),
            BindSource::Directory(source) => self.host_layer(source)?,
            BindSource::Layers { layers, path } => {
                let directories = base::directories(self.store, self.ground, layers, self.cancel)?;
                (directories, base::at(Path::new(""), path))
            }
        };
        let changes = match writable {
            true => {
                let (upper, work) = self.scratch.pair()?;
                if let Some(top) = layers.first() {
                    super::scratch::copy_root(&upper, top, self.ground)?;
                }
                Some(Changes { upper, work })
            }
            false => None,
        };
        Ok(Mount::Layers { layers, path, changes, target: target.to_owned() })
    }

    /// A host directory as a layer; of a file, the directory around it.
    fn host_layer(&self, source: &Path) -> Result<(Vec<PathBuf>, PathBuf), RunError> {
        let real =
            fs::canonicalize(source).map_err(|error| RunError::Source { path: source.to_owned(), error })?;
        match (real.is_dir(), real.parent(), real.file_name()) {
            (false, Some(parent), Some(name)) => Ok((vec![parent.to_owned()], PathBuf::from(name))),
            _ => Ok((vec![real], PathBuf::new())),
        }
    }
}

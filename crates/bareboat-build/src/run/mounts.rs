//! What a command's mounts are to the sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bareboat_sandbox::{Access, Changes, Mount, name_files};
use bareboat_store::Lock;

use super::agent::Agent;
use super::cache::New;
use super::error::RunError;
use super::scratch::Scratch;
use super::{BindSource, Command, Executor, RunMount, base, cache};

/// Mounts, and what must be held while they are used.
pub(super) struct Prepared {
    pub(super) mounts: Vec<Mount>,
    _held: Held,
}

/// What mounts are good for only while it is held.
#[derive(Default)]
pub(super) struct Held {
    pub(super) locks: Vec<Lock>,
    caches: BTreeMap<String, PathBuf>,
    pub(super) agents: Vec<Agent>,
}

/// What everything is prepared with.
pub(super) struct Preparation<'a> {
    pub(super) executor: &'a Executor<'a>,
    pub(super) scratch: &'a Scratch,
}

impl Preparation<'_> {
    /// The command's mounts behind `/etc/hosts` and `/etc/resolv.conf`, which it can only read, as under BuildKit.
    pub(super) fn prepare(&self, command: &Command) -> Result<Prepared, RunError> {
        let mut mounts = name_files(&command.hostname, command.network, &command.hosts);
        mounts.retain(|mount| mount.target() != Path::new("/etc/hostname"));
        let mut held = Held::default();
        for mount in &command.mounts {
            if mount.target().components().count() < 2 {
                return Err(RunError::RootTarget { target: mount.target().to_owned() });
            }
            mounts.push(self.mount(mount, &mut held)?);
        }
        Ok(Prepared { mounts, _held: held })
    }

    fn mount(&self, mount: &RunMount, held: &mut Held) -> Result<Mount, RunError> {
        let owner = |owner: &bareboat_image::Owner| (owner.uid, owner.gid);
        Ok(match mount {
            RunMount::Bind { source, target, writable } => self.bind(source, target, *writable)?,
            RunMount::Cache { id, sharing, mode, owner, target, read_only, from } => {
                let new = New { mode: *mode, owner: *owner, from: from.as_ref() };
                let source = match held.caches.get(id) {
                    // The same one twice in one command, which must not wait for itself.
                    Some(source) => source.clone(),
                    None => {
                        let (source, lock) = cache::open(self.executor, id, *sharing, &new)?;
                        held.locks.push(lock);
                        held.caches.insert(id.clone(), source.clone());
                        source
                    }
                };
                let access = if *read_only { Access::ReadOnly } else { Access::ReadWrite };
                Mount::Bind { source, target: target.clone(), access }
            }
            RunMount::Tmpfs { target, size } => Mount::scratch(target, *size),
            RunMount::Secret { content, target, mode, owner: belongs } => Mount::File {
                target: target.clone(),
                content: content.clone(),
                mode: (*mode).into(),
                owner: owner(belongs),
            },
            RunMount::Ssh { socket, target, mode, owner } => {
                let directory = self.scratch.directory("ssh")?;
                let agent = Agent::listen(socket, &directory, *mode, *owner, &self.executor.ground)?;
                let mount = Mount::writable(agent.path(), target);
                held.agents.push(agent);
                mount
            }
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
        let Executor { store, ground, cancel, .. } = self.executor;
        let (layers, path) = match source {
            BindSource::Directory(source) if !writable => return Ok(Mount::read_only(source, target)),
            BindSource::Directory(source) => self.host_layer(source)?,
            BindSource::Layers { layers, path } => {
                let directories = base::directories(store, ground, layers, cancel)?;
                (directories, base::at(Path::new(""), path))
            }
        };
        let changes = match writable {
            true => {
                let (upper, work) = self.scratch.pair()?;
                if let Some(top) = layers.first() {
                    super::scratch::copy_root(&upper, top, ground)?;
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

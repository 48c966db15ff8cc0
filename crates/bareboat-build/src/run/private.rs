//! A command in a root of its own on the disk, by chroot(2) and nothing else: tier T4, for root in a container that
//! allows no namespaces and no mounts.
//!
//! The layers are copied into one directory, once for a chain of commands: what a command leaves is the root of the next
//! one. Changes are found by looking at the root before and afterwards. Network, host name and processes are those of
//! the container around it, and read-only mounts are only promised by their being discarded.

mod before;
mod fixtures;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_image::{Layer, TreePath};
use bareboat_sandbox::{Capabilities, Mount, Network, Privileges, RootMode, Sandbox, Seccomp, name_files};
use bareboat_store::{Digest, Store, StoreError};

use super::agent::Agent;
use super::cache::New;
use super::copy::Copier;
use super::error::RunError;
use super::lower::{Found, Lower};
use super::mounts::Held;
use super::scratch::Scratch;
use super::{BindSource, Command, Executor, RunMount, base, cache};
use before::Mark;
use fixtures::Fixtures;

/// Where a command runs: a private root, and what it held before.
#[derive(Debug)]
pub(super) struct Scene {
    layers: Vec<PathBuf>,
    chain: Digest,
    root: PathBuf,
    before: Mark,
    scratch: Scratch,
}

/// What was put into the root for a command, and the holds on it.
pub(super) struct Placed {
    fixtures: Fixtures,
    held: Held,
}

impl Scene {
    pub(super) fn new(executor: &Executor<'_>, base: &[Layer]) -> Result<Self, RunError> {
        let Executor { store, ground, cancel, .. } = executor;
        let layers = base::directories(store, ground, base, cancel)?;
        let chain = chain(base);
        let scratch = Scratch::new(store, ground)?;
        let root = scratch.directory("root")?;
        if !take(store, &chain, &root)? {
            executor.in_copy(|| Copier::default().directory(&Lower::new(&layers, ground.records), &root))?;
        }
        let before = Mark::of(&root).map_err(|error| StoreError::io("read", &root, error))?;
        // Change times come from a clock that moves in steps: what is written from now on must be in a later one.
        std::thread::sleep(CLOCK_STEP);
        Ok(Self { layers, chain, root, before, scratch })
    }

    /// Puts everything into the root that the command sees besides its layers, and the sandbox for it.
    pub(super) fn sandbox(
        &self,
        executor: &Executor<'_>,
        command: &Command,
    ) -> Result<(Sandbox, Placed), RunError> {
        if command.network == Network::None {
            return Err(RunError::Impossible { tier: executor.tier(), what: "a command without network" });
        }
        let aside = self.scratch.directory("aside")?;
        let mut placed = Placed { fixtures: Fixtures::new(&self.root, &aside), held: Held::default() };
        let fail = |error| StoreError::io("prepare", &self.root, error);
        placed.fixtures.place_system().map_err(fail)?;
        for mount in name_files(&command.hostname, command.network, &command.hosts) {
            if let Mount::File { target, content, mode, owner } = &mount
                && target != Path::new("/etc/hostname")
            {
                placed.fixtures.place_file(target, content, *mode, *owner).map_err(fail)?;
            }
        }
        let mut mounts: Vec<&RunMount> = command.mounts.iter().collect();
        mounts.sort_by_key(|mount| mount.target().components().count());
        for mount in mounts {
            self.place(executor, mount, &mut placed)?;
        }
        let mut sandbox = super::sandbox(&self.root, command);
        sandbox.root_mode = RootMode::Chroot;
        sandbox.capabilities = Capabilities::DOCKER;
        sandbox.privileges = Privileges::SetUserId;
        sandbox.seccomp = Seccomp::Off;
        sandbox.mounts.clear();
        Ok((sandbox, placed))
    }

    fn place(&self, executor: &Executor<'_>, mount: &RunMount, placed: &mut Placed) -> Result<(), RunError> {
        let target = mount.target();
        if target.components().count() < 2 {
            return Err(RunError::RootTarget { target: target.to_owned() });
        }
        let fixtures = &mut placed.fixtures;
        let result = match mount {
            RunMount::Bind { source, .. } => {
                let found = self.source(executor, source)?;
                fixtures.place(target, |at| copy(&found, at))
            }
            RunMount::Cache { id, sharing, mode, owner, read_only, from, .. } => {
                let new = New { mode: *mode, owner: *owner, from: from.as_ref() };
                let (directory, lock) = cache::open(executor, id, *sharing, &new)?;
                placed.held.locks.push(lock);
                let records = executor.ground.records;
                match read_only {
                    true => fixtures.place(target, |at| {
                        fs::create_dir(at)?;
                        Copier::default().directory(&Lower::new(&[directory], records), at)
                    }),
                    false => fixtures.lend(target, &directory),
                }
            }
            RunMount::Tmpfs { .. } => fixtures.place_scratch(target),
            RunMount::Secret { content, mode, owner, .. } => {
                fixtures.place_file(target, content, (*mode).into(), (owner.uid, owner.gid))
            }
            RunMount::File { content, mode, .. } => {
                fixtures.place_file(target, content, (*mode).into(), (0, 0))
            }
            // Another name of the socket is as good as itself.
            RunMount::Ssh { socket, mode, owner, .. } => {
                let directory = self.scratch.directory("ssh")?;
                let agent = Agent::listen(socket, &directory, *mode, *owner, &executor.ground)?;
                let result = fixtures.place(target, |at| fs::hard_link(agent.path(), at));
                placed.held.agents.push(agent);
                result
            }
        };
        result.map_err(|error| RunError::Source { path: target.to_owned(), error })
    }

    fn source(&self, executor: &Executor<'_>, source: &BindSource) -> Result<Source, RunError> {
        let Executor { store, ground, cancel, .. } = executor;
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |error| RunError::Source { path, error }
        };
        match source {
            BindSource::Directory(path) => {
                let real = fs::canonicalize(path).map_err(fail(path))?;
                let metadata = fs::symlink_metadata(&real).map_err(fail(path))?;
                let whole = Lower::new(std::slice::from_ref(&real), ground.records);
                Ok(Source {
                    directory: metadata.is_dir().then_some(whole),
                    own: Found { path: real, metadata },
                })
            }
            BindSource::Layers { layers, path } => {
                let directories = base::directories(store, ground, layers, cancel)?;
                let lower = Lower::new(&directories, ground.records);
                let shown = base::at(Path::new("/"), path);
                in_layers(&lower, path).map_err(fail(&shown))
            }
        }
    }

    /// The layer of what the command changed; then the root is kept for the command after it.
    pub(super) fn layer(
        &self,
        executor: &Executor<'_>,
        mut placed: Placed,
    ) -> Result<Option<Layer>, RunError> {
        let targets = placed.fixtures.targets();
        placed.fixtures.take_out().map_err(|error| StoreError::io("clean up", &self.root, error))?;
        let lower = Lower::new(&self.layers, executor.ground.records);
        let layer = executor.collect(|archive| {
            before::write_changes(&self.root, &self.before, &targets, &lower, executor.latest, archive)
        })?;
        let chain = layer.as_ref().map_or(self.chain, |layer| next(&self.chain, layer));
        keep(executor.store, &chain, &self.root)?;
        Ok(layer)
    }
}

/// What a bind shows: a directory as its layers have it, or a file.
struct Source {
    directory: Option<Lower>,
    own: Found,
}

fn copy(source: &Source, at: &Path) -> std::io::Result<()> {
    let Some(directory) = &source.directory else { return Copier::default().file(&source.own, at) };
    fs::create_dir(at)?;
    Copier::default().directory(directory, at)
}

/// Follows links as the kernel would in a root of these layers.
fn in_layers(lower: &Lower, path: &TreePath) -> std::io::Result<Source> {
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let real = lower.resolve(path)?.ok_or_else(missing)?;
    let own = lower.find(&real)?.ok_or_else(missing)?;
    let directory = match own.metadata.is_dir() {
        true => Some(lower.at(&real)?),
        false => None,
    };
    Ok(Source { directory, own })
}

/// What identifies a root made of these layers.
fn chain(layers: &[Layer]) -> Digest {
    layers.iter().fold(Digest::of("private root"), |chain, layer| next(&chain, layer))
}

fn next(chain: &Digest, layer: &Layer) -> Digest {
    Digest::of(format!("{chain} {}", layer.diff_id))
}

/// Moves the root that an earlier command left to `root`, an empty directory, if there is one.
fn take(store: &Store, chain: &Digest, root: &Path) -> Result<bool, RunError> {
    let kept = place(store, chain);
    match fs::rename(&kept, root) {
        Ok(()) => Ok(true),
        // Nobody left one, or somebody else took it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("move", &kept, error).into()),
    }
}

/// Leaves the root for the next command, unless there is one already. On one file system, nothing is half there.
fn keep(store: &Store, chain: &Digest, root: &Path) -> Result<(), RunError> {
    let kept = place(store, chain);
    if fs::symlink_metadata(&kept).is_ok() {
        return Ok(());
    }
    let same_device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    let parent = kept.parent().unwrap_or(root);
    match (same_device(root), same_device(parent)) {
        (Ok(one), Ok(other)) if one == other => match fs::rename(root, &kept) {
            Ok(()) => Ok(()),
            // Somebody was faster.
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Ok(()),
            Err(error) => Err(StoreError::io("move", root, error).into()),
        },
        _ => Ok(()),
    }
}

/// Beside the other roots, so that pruning finds it.
fn place(store: &Store, chain: &Digest) -> PathBuf {
    store.root().join("rootfs").join(format!("private-{}", chain.hex()))
}

/// The longest step of any configuration (HZ=100).
const CLOCK_STEP: Duration = Duration::from_millis(10);

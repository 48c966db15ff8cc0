//! What can go wrong around a command; a command that fails is not among it.

use bareboat_image::{LayerError, PartError};
use bareboat_sandbox::SandboxError;
use bareboat_store::StoreError;

use super::Tier;

/// Why a command could not be executed, or its result not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing works here.
    #[error("this machine allows no way to execute a command")]
    NoTier {
        /// What was tried, and why it does not work.
        tried: Vec<(Tier, String, Option<String>)>,
    },
    /// The process could not be started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The store failed, or the work was cancelled.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The changes could not be packed.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The changes could not be made a layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
}

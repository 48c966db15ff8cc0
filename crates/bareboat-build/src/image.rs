//! The image's configuration and manifest, made from the layers and the decisions about running it.

use std::collections::BTreeMap;

use bareboat_image::{Descriptor, Platform};
use bareboat_store::Store;

use crate::BuildError;
use crate::cut::CutLayer;

/// How the image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Env`, by name; `PATH` first.
    pub environment: BTreeMap<String, String>,
    /// `User`: `65532:65532`.
    pub user: String,
    /// `WorkingDir`.
    pub working_directory: String,
    /// `ExposedPorts`.
    pub port: Option<u16>,
    /// Labels, also written as annotations of the manifest.
    pub labels: BTreeMap<String, String>,
    /// `created`, RFC 3339.
    pub created: String,
}

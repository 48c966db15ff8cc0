//! The image's configuration and manifest, made from the layers and the decisions about running it.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Descriptor, History, ImageConfig, Platform, write_image};
use bareboat_store::Store;

use crate::BuildError;
use crate::cut::CutLayer;

/// How the image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Env`, by name.
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

/// Writes configuration and manifest into the store; the manifest's descriptor.
///
/// # Errors
/// The store.
pub fn write(
    store: &Store,
    platform: &Platform,
    layers: &[CutLayer],
    runtime: &Runtime,
) -> Result<Descriptor, BuildError> {
    let mut config = ImageConfig::new(platform.clone());
    config.created = Some(runtime.created.clone());
    config.config.user = runtime.user.clone();
    config.config.exposed_ports =
        runtime.port.iter().map(|port| format!("{port}/tcp")).collect::<BTreeSet<_>>();
    config.config.env = runtime.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    config.config.entrypoint = Some(runtime.entrypoint.clone());
    config.config.working_dir = runtime.working_directory.clone();
    config.config.labels = runtime.labels.clone();
    config.history = layers
        .iter()
        .map(|layer| History {
            created: Some(runtime.created.clone()),
            created_by: Some(format!("bareboat: {}", layer.name)),
            ..History::default()
        })
        .collect();
    let blobs: Vec<_> = layers.iter().map(|layer| layer.layer.clone()).collect();
    Ok(write_image(store, config, &blobs, runtime.labels.clone())?)
}

//! The Dockerfile front end: a Dockerfile and a context become an image, as BuildKit would build it.
//!
//! [`planner`] finds out what is to be done, [`solve`] does it: files are laid over each other as trees and written as
//! layers, so that nothing but RUN needs a root directory on a disk, let alone privileges. Differences from BuildKit
//! are listed in `docs/dockerfile.md`.

mod accounts;
mod base;
mod configuration;
mod context;
mod contexts;
mod error;
mod execute;
mod files;
mod keys;
mod place;
mod plan;
mod planner;
mod run_step;
mod solve;
mod transfer;
mod transfer_step;
mod walk;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bareboat_image::{Compression, Descriptor, Layer, Platform, rfc3339, write_image, write_index};
use bareboat_store::{Cancel, Fetcher, Store};
use serde::Serialize;

pub use self::base::{BaseImage, Bases, Wanted};
pub use self::context::Modes;
pub use self::error::{DockerfileError, Problem};
pub use self::place::{Place, Text};
pub use self::plan::Plan;
use crate::event::Observer;
use crate::plan::MTIME;
use crate::run::Tier;

/// What to build.
pub struct Request<'a> {
    /// The Dockerfile.
    pub file: Text,
    /// Where it is, unless it was read from standard input: an ignore file beside it wins over the context's.
    pub path: Option<PathBuf>,
    /// The build context; without one there are no files to copy.
    pub context: Option<PathBuf>,
    /// `--target`
    pub target: Option<&'a str>,
    /// `--build-arg`
    pub arguments: BTreeMap<String, String>,
    /// `--build-context`
    pub contexts: BTreeMap<String, NamedContext>,
    /// One image each.
    pub platforms: &'a [Platform],
    /// What this machine runs.
    pub host: &'a Platform,
    /// `--label`
    pub labels: BTreeMap<String, String>,
    /// `--annotation`
    pub annotations: BTreeMap<String, String>,
    /// Nothing that was done before counts.
    pub no_cache: bool,
    /// Whose permission bits the context's files get.
    pub modes: Modes,
    /// How new layers are compressed.
    pub compression: Compression,
    /// `SOURCE_DATE_EPOCH`
    pub epoch: Option<i64>,
    /// RUN has no network unless it says so.
    pub no_network: bool,
    /// `--add-host`
    pub hosts: Vec<(String, std::net::IpAddr)>,
    /// `--secret`
    pub secrets: BTreeMap<String, Vec<u8>>,
    /// `--ssh`: sockets by id.
    pub agents: BTreeMap<String, PathBuf>,
    /// How commands are executed, when it is not to be found out.
    pub tier: Option<Tier>,
    /// Finds base images.
    pub bases: &'a Bases<'a>,
    /// Brings what ADD takes from the network.
    pub fetcher: &'a Fetcher,
}

/// Another context that instructions can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedContext {
    /// A directory.
    Directory(PathBuf),
    /// An image, by what [`Bases`] understands.
    Image(String),
}

/// What a build needs.
pub struct Workshop<'a> {
    /// Blobs and the action cache.
    pub store: &'a Store,
    /// Who wants to know.
    pub observer: &'a Observer,
    /// Stops the work.
    pub cancel: Cancel,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Built {
    /// The manifest, or the index for several platforms.
    pub descriptor: Descriptor,
    /// One per platform.
    pub images: Vec<BuiltImage>,
    /// Every step was known.
    pub unchanged: bool,
}

/// One platform's image.
#[derive(Debug, Clone, Serialize)]
pub struct BuiltImage {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// How many of them are the base image's.
    pub base_layers: usize,
    /// Its configuration.
    pub config: bareboat_image::ImageConfig,
}

/// Makes the plan for the first platform and does nothing else.
///
/// # Errors
/// As [`build`], up to what needs files.
pub fn plan(request: &Request<'_>) -> Result<Plan, DockerfileError> {
    planner::plan(request, request.platforms.first().unwrap_or(request.host))
}

/// Builds.
///
/// # Errors
/// What is wrong with the file, the context or the world, at its lines. Nothing half-made is left.
pub fn build(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<Built, DockerfileError> {
    let mut images = Vec::new();
    let mut unchanged = true;
    let contexts = contexts::Contexts::default();
    for platform in request.platforms {
        let plan = planner::plan(request, platform)?;
        planner::note_unused(request, workshop.observer);
        let solved = solve::solve(workshop, request, &plan, &contexts)?;
        unchanged &= solved.unchanged;
        images.push(image(workshop, request, &plan, solved)?);
    }
    let manifests: Vec<Descriptor> = images.iter().map(|image| image.manifest.clone()).collect();
    let descriptor = match &manifests[..] {
        [only] => only.clone(),
        _ => write_index(workshop.store, manifests, request.annotations.clone())?,
    };
    Ok(Built { descriptor, images, unchanged })
}

fn image(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    plan: &Plan,
    solved: solve::Solved,
) -> Result<BuiltImage, DockerfileError> {
    let Some(stage) = plan.stages.get(&plan.target) else {
        return Err(Problem::words("the plan has no target").into());
    };
    let mut config = stage.configuration.image.clone();
    let created = created(request, config.created.as_deref());
    let steps = solved.history.into_iter().map(|step| bareboat_image::History {
        created: Some(created.clone()),
        comment: Some("bareboat".to_owned()),
        ..step
    });
    config.history.extend(steps.collect::<Vec<_>>());
    config.created = Some(created);
    config.config.labels.extend(request.labels.clone());
    let layers = solved.files.layers;
    let manifest = write_image(workshop.store, config.clone(), &layers, request.annotations.clone())?;
    config.root_fs.diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
    let platform = config.platform.clone();
    Ok(BuiltImage { platform, manifest, layers, base_layers: solved.base_layers, config })
}

/// When the image was made: what the user says, else when its base was, so that equal input gives equal bytes.
fn created(request: &Request<'_>, base: Option<&str>) -> String {
    match (request.epoch, base) {
        (Some(epoch), _) => rfc3339(epoch),
        (None, Some(base)) => base.to_owned(),
        (None, None) => rfc3339(MTIME),
    }
}

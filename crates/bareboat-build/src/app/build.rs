//! The whole way: directory → lock → plan → tree → proof → layers → image in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_image::{Descriptor, Platform, Tree, TreePath, write_index};
use bareboat_packages::pypi::DistributionName;
use bareboat_store::{Digest, Fetcher, Repair, Store};
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::detect::{self, Application, EntryPoint};
use super::dockerfile_hints;
use super::generated::APPLICATION;
use super::lock::{LockFile, Locked};
use super::options::{Options, Surroundings};
use super::project::Project;
use super::{one_image, resolve};
use crate::BuildError;
use crate::cut::CutLayer;
use crate::event::{Event, Observer};
use crate::plan::ENGINE;
use crate::verify::Proof;

/// What a build works with.
pub struct Workshop<'a> {
    /// Blobs and results.
    pub store: &'a Store,
    /// The network.
    pub fetcher: &'a Fetcher,
    /// Who wants to know.
    pub observer: &'a Observer,
}

/// What is to be built.
pub struct Request<'a> {
    /// The application's directory.
    pub directory: &'a Path,
    /// For which platforms; at least one.
    pub platforms: &'a [Platform],
    /// This machine's platform: its interpreter compiles bytecode.
    pub host: &'a Platform,
    /// Options of the command line.
    pub options: &'a Options,
    /// What surrounds the process.
    pub surroundings: &'a Surroundings,
    /// The image's title.
    pub title: &'a str,
}

/// What was built.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Built {
    /// The manifest, or the index when there are several platforms.
    pub descriptor: Descriptor,
    /// One image per platform.
    pub images: Vec<BuiltImage>,
    /// What the application is.
    pub what: String,
    /// Where its command comes from.
    pub why: String,
    /// The lock was written or changed by this build.
    pub locked: bool,
    /// Nothing had to be done.
    pub unchanged: bool,
}

/// One platform's image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BuiltImage {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<CutLayer>,
    /// Who runs it.
    pub user: String,
    /// Its command.
    pub entrypoint: Vec<String>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// What was proved.
    pub proof: Proof,
    /// The inventory, a JSON blob in the store.
    pub inventory: Digest,
    /// What went in, a SLSA provenance predicate in the store.
    pub provenance: Digest,
}

/// The application, read once for all platforms.
pub(super) struct Prepared {
    pub(super) project: Project,
    pub(super) config: Config,
    pub(super) tree: Tree,
}

impl Prepared {
    /// How the application starts, given what is installed.
    pub(super) fn entry(&self, locked: &Locked) -> Result<EntryPoint, BuildError> {
        let from_debian =
            self.config.debian_python.keys().filter_map(|name| DistributionName::new(name).ok());
        let installed = locked.distributions.iter().map(|one| one.name.clone());
        let distributions: BTreeSet<String> =
            installed.chain(from_debian).map(|name| name.to_string()).collect();
        let hints = dockerfile_hints::read(&self.project)?;
        let application = Application {
            root: &self.project.root,
            files: &self.project.files,
            config: &self.config,
            distributions: &distributions,
            dockerfile: hints.as_ref(),
        };
        Ok(detect::detect(&application)?)
    }
}

/// Reads the configuration and the directory.
pub(super) fn prepare(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<Prepared, BuildError> {
    let project = Project::open(request.directory)?;
    let config = Config::load(&project.root)?;
    for note in &project.notes {
        (workshop.observer)(Event::Warning { text: note.clone() });
    }
    let at = TreePath::new(APPLICATION).expect("a constant path");
    let tree = project.tree(&at)?;
    Ok(Prepared { project, config, tree })
}

/// The lock for a request, made and written when there is none that fits; true when it was written.
///
/// # Errors
/// As [`build`], up to locking.
pub fn lock(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<(LockFile, bool), BuildError> {
    let prepared = prepare(workshop, request)?;
    resolve::lock_for(workshop, request, &prepared.project, &prepared.config)
}

/// Builds.
///
/// # Errors
/// See [`BuildError`]. Nothing half-made is left: an image exists in the store when its manifest does.
pub fn build(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<Built, BuildError> {
    let prepared = prepare(workshop, request)?;
    let (lock, changed) = resolve::lock_for(workshop, request, &prepared.project, &prepared.config)?;
    let key = build_key(request, &prepared, &lock)?;
    if let Some(built) = known(workshop.store, &key) {
        return Ok(Built { locked: changed, unchanged: true, ..built });
    }
    let mut images = Vec::new();
    let mut entry = None;
    for platform in request.platforms {
        let one = || one_image::build(workshop, request, &prepared, &lock, platform);
        let (image, found) = one().or_else(|error| match error.is_damage() {
            true => {
                let text = format!("{error}; checking the whole cache and trying again");
                (workshop.observer)(Event::Warning { text });
                workshop.store.verify(Repair::Remove, &|_| {})?;
                one()
            }
            false => Err(error),
        })?;
        images.push(image);
        entry.get_or_insert(found);
    }
    let manifests: Vec<Descriptor> = images.iter().map(|image| image.manifest.clone()).collect();
    let descriptor = match &manifests[..] {
        [only] => only.clone(),
        _ => write_index(workshop.store, manifests, BTreeMap::new())?,
    };
    let entry = entry.expect("a request names at least one platform");
    let built =
        Built { descriptor, images, what: entry.what, why: entry.why, locked: changed, unchanged: false };
    let record = serde_json::to_vec(&built).expect("results have string keys only");
    workshop.store.put_action(&key, &record)?;
    Ok(built)
}

/// Identity of the whole build.
fn build_key(request: &Request<'_>, prepared: &Prepared, lock: &LockFile) -> Result<Digest, BuildError> {
    let platforms: Vec<String> = request.platforms.iter().map(ToString::to_string).collect();
    let outside: Vec<Option<String>> = ["Procfile", "pyproject.toml", "Dockerfile", "manage.py"]
        .iter()
        .map(|name| prepared.project.text(name))
        .collect::<Result<_, _>>()?;
    let identity = format!(
        "build {} {ENGINE} {:?}\n{:?}\n{:?}\n{}\n{}\n{}\n{:?}\n{}",
        env!("CARGO_PKG_VERSION"),
        platforms,
        request.options,
        prepared.config,
        lock.text(),
        Project::digest(&prepared.tree),
        request.title,
        request.surroundings.source_date_epoch()?,
        serde_json::to_string(&outside).expect("strings"),
    );
    Ok(Digest::of(identity))
}

/// The result of an earlier build, when all of it is still there.
fn known(store: &Store, key: &Digest) -> Option<Built> {
    let built: Built = serde_json::from_slice(&store.action(key)?).ok()?;
    let whole = built.images.iter().all(|image| {
        store.contains(&image.manifest.digest)
            && store.contains(&image.inventory)
            && store.contains(&image.provenance)
            && image.layers.iter().all(|layer| store.size(&layer.layer.digest) == Some(layer.layer.size))
    });
    (whole && store.contains(&built.descriptor.digest)).then_some(built)
}

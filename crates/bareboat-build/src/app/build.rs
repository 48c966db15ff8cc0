//! The whole way: directory → lock → plan → tree → proof → layers → image in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_image::{Descriptor, Platform, Tree, TreePath, write_index};
use bareboat_packages::pypi::DistributionName;
use bareboat_store::{Digest, Fetcher, Repair, Store};
use serde::{Deserialize, Serialize};

use super::compose::{self, Composition, Inputs};
use super::config::Config;
use super::detect::{self, Application, EntryPoint};
use super::dockerfile_hints;
use super::generated::{self, APPLICATION};
use super::lock::{LockFile, Locked};
use super::options::{self, Options, Surroundings, Variant};
use super::project::Project;
use super::sdist::{Bench, BuiltWheels};
use super::target::Target;
use super::{own_package, resolve, runtime};
use crate::BuildError;
use crate::cut::{self, CutLayer};
use crate::event::{Event, Observer};
use crate::image;
use crate::inventory::Inventory;
use crate::op::bytecode::Interpreter;
use crate::op::sources::Stash;
use crate::plan::{ENGINE, MTIME};
use crate::solve::Context;
use crate::verify::{self, Proof};

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
}

/// The application, read once for all platforms.
pub(super) struct Prepared {
    pub(super) project: Project,
    pub(super) config: Config,
    tree: Tree,
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
        let one = || build_one(workshop, request, &prepared, &lock, platform);
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

fn build_one(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    prepared: &Prepared,
    lock: &LockFile,
    platform: &Platform,
) -> Result<(BuiltImage, EntryPoint), BuildError> {
    let release = lock.release()?;
    let target = Target::new(release, platform)?;
    let locked = lock.locked(target.architecture)?;
    let host = Target::new(release, request.host)?;
    let for_host = lock.locked(host.architecture)?;
    (workshop.observer)(Event::Stage { name: format!("Fetching for {platform}") });
    let built = Bench {
        workshop,
        request,
        project: &prepared.project,
        config: &prepared.config,
        host,
        archive: None,
    }
    .wheels(&lock.builds(host.architecture), locked, target)?;
    let fetched = resolve::fetch(workshop, request, &prepared.config, &prepared.project, locked, &built)?;
    let variant = options::variant(request.options, &prepared.config)?;
    let tools = match variant {
        Variant::Standard => Vec::new(),
        Variant::Debug => resolve::debs(workshop, request, &prepared.config, &locked.debug)?,
    };
    let interpreter = interpreter(workshop, request, prepared, for_host, host)?;
    let entry = prepared.entry(locked)?;
    for note in &entry.notes {
        (workshop.observer)(Event::Warning { text: note.clone() });
    }
    let decisions = options::decisions(request.options, &prepared.config)?;
    let created = request.surroundings.source_date_epoch()?;
    let context = Context {
        store: workshop.store,
        compression: options::compression(request.options, &prepared.config)?,
        application: &prepared.project.root,
        application_mtime: created.unwrap_or(MTIME),
        interpreter: Some(&interpreter),
        sources: Stash::default(),
        observer: workshop.observer,
    };
    (workshop.observer)(Event::Stage { name: format!("Composing for {platform}") });
    let directories: Vec<&str> = locked.distributions.iter().filter_map(resolve::directory).collect();
    let mut import_roots = own_package::import_roots(&prepared.project, directories.iter().copied());
    let further = entry.import_roots.iter().map(|root| format!("/app/{root}"));
    let further: Vec<String> = further.filter(|root| !import_roots.contains(root)).collect();
    import_roots.extend(further);
    if !prepared.config.debian_python.is_empty() {
        // Debian's own modules lie where a virtual environment does not look by itself.
        import_roots.push("/usr/lib/python3/dist-packages".to_owned());
    }
    let layout = crate::op::wheel::layout(&compose::environment(), target.python())?;
    let mut own = generated::environment(
        workshop.store,
        &layout,
        runtime::needs_launcher(&entry.words),
        &import_roots,
    )?;
    for directory in &directories {
        own.entries
            .extend(own_package::files(workshop.store, &layout, &prepared.project, directory)?.entries);
    }
    let inputs = Inputs {
        target,
        packages: &fetched.packages,
        tools: &tools,
        wheels: &fetched.wheels,
        application: &prepared.tree,
        environment: &own,
        decisions: &decisions,
    };
    let composition = compose::compose(&context, &inputs)?;
    report_scripts(workshop, request, &prepared.config, &composition)?;
    let created = created.unwrap_or_else(|| lock.newest_suite().unwrap_or(MTIME));
    let mut running =
        runtime::runtime(&entry, &prepared.config, &decisions, target, &composition, created, request.title)?;
    if variant == Variant::Debug {
        runtime::find_tools(&mut running);
    }
    for text in resolve::absent(&prepared.project, &prepared.config, locked, target) {
        (workshop.observer)(Event::Warning { text });
    }
    let proof = if request.options.verify {
        (workshop.observer)(Event::Stage { name: "Proving that it starts".to_owned() });
        verify::verify(
            &composition,
            &running,
            target,
            &verify::Application {
                project: &prepared.project,
                locked,
                import_roots: &import_roots,
                store: workshop.store,
            },
            workshop.observer,
        )?
    } else {
        (workshop.observer)(Event::Warning {
            text: "nothing was proved: `--no-verify` was given".to_owned(),
        });
        Proof::default()
    };
    (workshop.observer)(Event::Stage { name: "Writing layers".to_owned() });
    let layers = cut::cut(
        &context,
        &composition.layers,
        &composition.steps,
        &composition.pieces,
        &composition.merged.tree,
    )?;
    let manifest = image::write(workshop.store, platform, &layers, &running)?;
    let inventory = Inventory::new(&composition, locked).store(workshop.store, &manifest.digest)?;
    let image = BuiltImage {
        platform: platform.clone(),
        manifest,
        layers,
        user: running.user,
        entrypoint: running.entrypoint,
        port: running.port,
        proof,
        inventory,
    };
    Ok((image, entry))
}

/// The interpreter for this machine, from the lock's packages for it.
fn interpreter(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    prepared: &Prepared,
    locked: &Locked,
    host: Target,
) -> Result<Interpreter, BuildError> {
    // It compiles with what is built into it; the rest of the standard library is not needed.
    let [program, minimal, _] = host.release.interpreter_packages();
    let names = [program, minimal];
    let needed = |name: &str| names.iter().any(|own| own == name) || LOADED_BY_PYTHON.contains(&name);
    let packages: Vec<_> = locked.packages.iter().filter(|package| needed(&package.name)).cloned().collect();
    let only = Locked { packages, ..Locked::default() };
    let fetched =
        resolve::fetch(workshop, request, &prepared.config, &prepared.project, &only, &BuiltWheels::new())?;
    let version =
        fetched.packages.iter().find(|(name, ..)| *name == names[0]).map(|(_, version, _)| version.clone());
    let blobs = fetched.packages.iter().map(|(_, _, blob)| *blob).collect();
    Ok(Interpreter::new(workshop.store, blobs, host.python(), &version.unwrap_or_default()))
}

/// What the interpreter's program itself is linked to.
const LOADED_BY_PYTHON: &[&str] = &["libc6", "zlib1g", "libexpat1"];

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

/// Names packages whose scripts do something that nothing replaces.
fn report_scripts(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    config: &Config,
    composition: &Composition,
) -> Result<(), BuildError> {
    let mut uncovered = Vec::new();
    for (step, piece) in composition.steps.iter().zip(&composition.pieces) {
        for action in piece.debian.iter().flat_map(|facts| &facts.uncovered) {
            uncovered.push(format!("{}: {action}", step.origin));
        }
    }
    if uncovered.is_empty() {
        return Ok(());
    }
    if request.options.strict || config.strict {
        return Err(BuildError::Uncovered { actions: uncovered });
    }
    for text in uncovered {
        (workshop.observer)(Event::Warning { text: format!("a maintainer script is not replaced: {text}") });
    }
    Ok(())
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
            && image.layers.iter().all(|layer| store.size(&layer.layer.digest) == Some(layer.layer.size))
    });
    (whole && store.contains(&built.descriptor.digest)).then_some(built)
}

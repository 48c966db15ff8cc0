//! One image for one platform: from what was locked to a manifest in the store.

use bareboat_image::{Platform, Tree};
use bareboat_store::Digest;

use super::build::{BuiltImage, Prepared, Request, Workshop};
use super::compose::{self, Composition, Inputs};
use super::config::Config;
use super::detect::EntryPoint;
use super::generated;
use super::lock::{LockFile, Locked};
use super::options::{self, Variant};
use super::resolve::{self, Fetched};
use super::sdist::{Bench, BuiltWheels};
use super::target::Target;
use super::{own_package, runtime};
use crate::BuildError;
use crate::cut;
use crate::event::Event;
use crate::image;
use crate::inventory::Inventory;
use crate::op::bytecode::Interpreter;
use crate::op::sources::Stash;
use crate::plan::MTIME;
use crate::solve::Context;
use crate::verify::{self, Proof};

/// Builds the image for `platform`: fetched, composed, proved, written; and how it starts.
///
/// # Errors
/// Everything that can be wrong with what was locked, and the proof's findings.
pub(super) fn build(
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
    let variant = options::variant(request.options, &prepared.config)?;
    let Brought { fetched, tools } = bring(workshop, request, prepared, lock, host, target, variant)?;
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
    let own = Own::new(workshop, prepared, locked, target, &entry)?;
    let inputs = Inputs {
        target,
        packages: &fetched.packages,
        tools: &tools,
        wheels: &fetched.wheels,
        application: &prepared.tree,
        environment: &own.tree,
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
        let application = verify::Application {
            project: &prepared.project,
            locked,
            import_roots: &own.import_roots,
            store: workshop.store,
        };
        verify::verify(&composition, &running, target, &application, workshop.observer)?
    } else {
        let text = "nothing was proved: `--no-verify` was given".to_owned();
        (workshop.observer)(Event::Warning { text });
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

/// What lies in the store for one image.
struct Brought {
    fetched: Fetched,
    /// Of the debug variant.
    tools: Vec<(String, String, Digest)>,
}

/// Builds what comes as a source distribution, and fetches the rest.
fn bring(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    prepared: &Prepared,
    lock: &LockFile,
    host: Target,
    target: Target,
    variant: Variant,
) -> Result<Brought, BuildError> {
    let locked = lock.locked(target.architecture)?;
    let Prepared { project, config, .. } = prepared;
    let bench = Bench { workshop, request, project, config, host, archive: None };
    let built = bench.wheels(&lock.builds(host.architecture), locked, target)?;
    let fetched = resolve::fetch(workshop, request, config, project, locked, &built)?;
    let tools = match variant {
        Variant::Standard => Vec::new(),
        Variant::Debug => resolve::debs(workshop, request, config, &locked.debug)?,
    };
    Ok(Brought { fetched, tools })
}

/// What the application has in its virtual environment besides wheels.
struct Own {
    tree: Tree,
    /// Where its imports begin, absolute in the image.
    import_roots: Vec<String>,
}

impl Own {
    fn new(
        workshop: &Workshop<'_>,
        prepared: &Prepared,
        locked: &Locked,
        target: Target,
        entry: &EntryPoint,
    ) -> Result<Self, BuildError> {
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
        let launcher = runtime::needs_launcher(&entry.words);
        let mut tree = generated::environment(workshop.store, &layout, launcher, &import_roots)?;
        for directory in &directories {
            let files = own_package::files(workshop.store, &layout, &prepared.project, directory)?;
            tree.entries.extend(files.entries);
        }
        Ok(Self { tree, import_roots })
    }
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
    Ok(Interpreter::new(blobs, host.python(), &version.unwrap_or_default()))
}

/// What the interpreter's program itself is linked to.
const LOADED_BY_PYTHON: &[&str] = &["libc6", "zlib1g", "libexpat1"];

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

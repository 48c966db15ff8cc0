//! One image for one platform: from what was locked to a manifest in the store.

use std::thread::{self, ScopedJoinHandle};

use bareboat_image::{Compression, Platform, Tree};
use bareboat_packages::deb::LockedDeb;
use bareboat_store::Digest;

use super::build::{BuiltImage, Prepared, Request, Workshop};
use super::compose::{self, Composition, Decisions, Inputs, WheelInput};
use super::config::Config;
use super::detect::EntryPoint;
use super::generated;
use super::lock::{LockFile, Locked};
use super::options::{self, Variant};
use super::project::Project;
use super::resolve;
use super::sdist::Bench;
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
use crate::provenance;
use crate::solve::{Context, Solved};
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
    let entry = prepared.entry(locked)?;
    for note in &entry.notes {
        (workshop.observer)(Event::Warning { text: note.clone() });
    }
    let decisions = options::decisions(request.options, &prepared.config)?;
    let variant = options::variant(request.options, &prepared.config)?;
    let created = request.surroundings.source_date_epoch()?;
    let setting = Setting {
        workshop,
        request,
        prepared,
        lock,
        host: Target::new(release, request.host)?,
        target,
        compression: options::compression(request.options, &prepared.config)?,
        application_mtime: created.unwrap_or(MTIME),
    };
    (workshop.observer)(Event::Stage { name: format!("Fetching for {platform}") });
    let Brought { packages, tools, wheels, interpreter, sources, solved } =
        setting.bring(&decisions, variant)?;
    let context = setting.context(&interpreter, sources, solved);
    (workshop.observer)(Event::Stage { name: format!("Composing for {platform}") });
    let own = Own::new(workshop, prepared, locked, target, &entry)?;
    let inputs = Inputs {
        target,
        packages: &packages,
        tools: &tools,
        wheels: &wheels,
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
    let provenance = workshop.store.insert(&provenance::predicate(&provenance::Inputs {
        platform,
        options: request.options,
        is_debug: variant == Variant::Debug,
        lock,
        locked,
        application: Project::digest(&prepared.tree),
    }))?;
    let image = BuiltImage {
        platform: platform.clone(),
        manifest,
        layers,
        user: running.user,
        entrypoint: running.entrypoint,
        port: running.port,
        proof,
        inventory,
        provenance,
    };
    Ok((image, entry))
}

/// For what an image is made, and from what.
struct Setting<'a> {
    workshop: &'a Workshop<'a>,
    request: &'a Request<'a>,
    prepared: &'a Prepared,
    lock: &'a LockFile,
    host: Target,
    target: Target,
    compression: Compression,
    application_mtime: i64,
}

/// What lies in the store for one image, and what was made of it already.
struct Brought {
    packages: Vec<Deb>,
    /// Of the debug variant.
    tools: Vec<Deb>,
    wheels: Vec<WheelInput>,
    interpreter: Interpreter,
    sources: Stash,
    solved: Solved,
}

/// Name, version, the `.deb`.
type Deb = (String, String, Digest);

impl Setting<'_> {
    /// Fetches everything, and builds what comes as a source distribution.
    ///
    /// Finding the index and asking it is mostly waiting; what the packages decide alone is made in the meantime.
    fn bring(&self, decisions: &Decisions, variant: Variant) -> Result<Brought, BuildError> {
        let locked = self.lock.locked(self.target.architecture)?;
        let is_there = |digest: &Digest| self.workshop.store.contains(digest);
        let builds = locked.sources().next().is_some();
        let waits =
            builds || !locked.distributions.iter().filter_map(|one| one.sha256.as_ref()).all(is_there);
        thread::scope(|scope| {
            // Builds take minutes, and whatever else is wrong should be told before.
            let early = (waits && !builds).then(|| scope.spawn(|| self.wheels()));
            let packages = self.debs(&locked.packages)?;
            let interpreter = self.interpreter()?;
            let context = self.context(&interpreter, Stash::default(), Solved::default());
            let wheels = || early.map_or_else(|| self.wheels(), join);
            let wheels =
                if waits { self.meanwhile(&context, &packages, decisions, wheels)? } else { wheels()? };
            let tools = match variant {
                Variant::Standard => Vec::new(),
                Variant::Debug => self.debs(&locked.debug)?,
            };
            let Context { sources, solved, .. } = context;
            Ok(Brought { packages, tools, wheels, interpreter, sources, solved })
        })
    }

    /// What `wheels` brings, while everything of `packages` is made.
    ///
    /// What goes wrong ahead of its time goes wrong again when its time comes, and is told then.
    fn meanwhile(
        &self,
        context: &Context<'_>,
        packages: &[Deb],
        decisions: &Decisions,
        wheels: impl FnOnce() -> Result<Vec<WheelInput>, BuildError>,
    ) -> Result<Vec<WheelInput>, BuildError> {
        let none = Tree::new();
        let nothing = Inputs {
            target: self.target,
            packages: &[],
            tools: &[],
            wheels: &[],
            application: &none,
            environment: &none,
            decisions,
        };
        thread::scope(|scope| {
            scope.spawn(|| compose::ahead(context, &Inputs { packages, ..nothing }));
            let wheels = wheels()?;
            let _ = compose::ahead(context, &Inputs { wheels: &wheels, ..nothing });
            Ok(wheels)
        })
    }

    fn context<'c>(&'c self, interpreter: &'c Interpreter, sources: Stash, solved: Solved) -> Context<'c> {
        Context {
            store: self.workshop.store,
            compression: self.compression,
            application: &self.prepared.project.root,
            application_mtime: self.application_mtime,
            interpreter: Some(interpreter),
            sources,
            solved,
            observer: self.workshop.observer,
        }
    }

    fn wheels(&self) -> Result<Vec<WheelInput>, BuildError> {
        let Self {
            workshop, request, prepared: Prepared { project, config, .. }, lock, host, target, ..
        } = *self;
        let locked = lock.locked(target.architecture)?;
        let bench = Bench { workshop, request, project, config, host, archive: None };
        let built = bench.wheels(&lock.builds(host.architecture), locked, target)?;
        resolve::wheels(workshop, request, project, locked, &built)
    }

    fn debs(&self, packages: &[LockedDeb]) -> Result<Vec<Deb>, BuildError> {
        resolve::debs(self.workshop, self.request, &self.prepared.config, packages)
    }

    /// The interpreter for this machine, from the lock's packages for it.
    fn interpreter(&self) -> Result<Interpreter, BuildError> {
        // It compiles with what is built into it; the rest of the standard library is not needed.
        let [program, minimal, _] = self.host.release.interpreter_packages();
        let names = [program, minimal];
        let needed = |name: &str| names.iter().any(|own| own == name) || LOADED_BY_PYTHON.contains(&name);
        let locked = self.lock.locked(self.host.architecture)?;
        let packages: Vec<_> =
            locked.packages.iter().filter(|package| needed(&package.name)).cloned().collect();
        let packages = self.debs(&packages)?;
        let version =
            packages.iter().find(|(name, ..)| *name == names[0]).map(|(_, version, _)| version.clone());
        let blobs = packages.iter().map(|(_, _, blob)| *blob).collect();
        Ok(Interpreter::new(blobs, self.host.python(), &version.unwrap_or_default()))
    }
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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

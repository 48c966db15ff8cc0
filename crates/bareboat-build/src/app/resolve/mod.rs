//! Makes and keeps `bareboat.lock`: which Debian packages and which wheels, by digest, for each architecture.

pub(super) mod debian;
mod dlopened;
pub(super) mod fetch;
mod inputs;
mod libraries;
pub(super) mod python;

use std::collections::BTreeSet;

use bareboat_packages::deb::{Architecture, DebianRelease};
use bareboat_packages::pypi::{LockedDistribution, PypiError};

use super::build::{Request, Workshop};
use super::config::Config;
use super::lock::{LockFile, Locked};
use super::options::{self, Variant};
use super::project::Project;
use super::sdist::Bench;
use super::target::Target;
use crate::BuildError;
use crate::event::Event;

pub use dlopened::absent;
pub use fetch::{debs, fetch, wheels};
pub use python::directory;

/// The lock for a request: the one beside the application when it fits, else a new one, which is written there.
/// True when it was written.
///
/// # Errors
/// A missing or stale lock under `--locked`, an unreachable archive, requirements that nothing satisfies.
pub fn lock_for(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    config: &Config,
) -> Result<(LockFile, bool), BuildError> {
    let inputs = inputs::digest(request, project, config)?;
    let wanted = architectures(request)?;
    let variant = options::variant(request.options, config)?;
    let found = LockFile::read(&project.root)?;
    if let Some(lock) = &found {
        let fits = lock.inputs == inputs
            && wanted.iter().all(|wanted| {
                let locked = lock.architectures.get(wanted.debian());
                locked.is_some_and(|locked| variant != Variant::Debug || !locked.debug.is_empty())
            })
            && lock.builds_everything(Target::new(lock.release()?, request.host)?.architecture);
        if fits && !request.options.upgrade {
            return Ok((lock.clone(), false));
        }
    }
    if request.options.locked {
        return Err(BuildError::Unlocked { stale: found.is_some() });
    }
    let lock = Making { workshop, request, project, config, inputs, wanted: &wanted }.make()?;
    if found.as_ref() == Some(&lock) {
        return Ok((lock, false));
    }
    if let Err(error) = lock.write(&project.root) {
        let text = format!("{error}: the lock is not kept, and the next build resolves again");
        (workshop.observer)(Event::Warning { text });
    }
    Ok((lock, true))
}

/// A new lock for a request, whatever there is; nothing is written.
///
/// # Errors
/// As [`lock_for`].
pub fn fresh(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    config: &Config,
) -> Result<LockFile, BuildError> {
    let inputs = inputs::digest(request, project, config)?;
    let wanted = architectures(request)?;
    Making { workshop, request, project, config, inputs, wanted: &wanted }.make()
}

/// The architectures asked for, and this machine's: its interpreter compiles bytecode.
fn architectures(request: &Request<'_>) -> Result<BTreeSet<Architecture>, BuildError> {
    let release = DebianRelease::Trixie;
    let platforms = request.platforms.iter().chain([request.host]);
    platforms.map(|platform| Ok(Target::new(release, platform)?.architecture)).collect()
}

/// Everything that a lock is made from.
struct Making<'a> {
    workshop: &'a Workshop<'a>,
    request: &'a Request<'a>,
    project: &'a Project,
    config: &'a Config,
    inputs: bareboat_store::Digest,
    wanted: &'a BTreeSet<Architecture>,
}

impl Making<'_> {
    fn make(&self) -> Result<LockFile, BuildError> {
        let dependencies = python::Dependencies::find(self.workshop, self.project, self.config)?;
        let mut failed = None;
        for release in dependencies.releases(self.workshop, self.request, self.config)? {
            match self.make_for(release, &dependencies) {
                // A lock may have been made for one Python only.
                Err(BuildError::Pypi(error @ PypiError::NoFile { .. })) => {
                    let text = format!("not Debian {}: {error}", release.number());
                    (self.workshop.observer)(Event::Decision { text });
                    failed.get_or_insert(error);
                }
                result => return result,
            }
        }
        Err(failed.expect("there is at least one release").into())
    }

    fn make_for(
        &self,
        release: DebianRelease,
        dependencies: &python::Dependencies,
    ) -> Result<LockFile, BuildError> {
        let Self { workshop, request, project, config, inputs, wanted } = *self;
        (workshop.observer)(Event::Stage { name: format!("Locking for Debian {}", release.number()) });
        let mut lock = LockFile::new(inputs, release.codename(), "");
        let mut open = Vec::new();
        for &architecture in wanted {
            let target = Target { release, architecture };
            let archive = debian::open(workshop, request, config, target)?;
            let index = archive.packages();
            lock.python = debian::python_version(index, target)?;
            lock.suites.extend(index.dates().iter().map(|(name, date)| (name.clone(), date.date)));
            let mut locked = Locked {
                packages: debian::packages(index, request, config, target)?,
                debug: debian::tools(index, options::variant(request.options, config)?)?,
                ..Locked::default()
            };
            locked.distributions = dependencies.resolve(workshop, request, config, target, &lock.python)?;
            open.push((target, archive, locked));
        }
        let host = Target::new(release, request.host)?;
        let sources: Vec<LockedDistribution> =
            open.iter().flat_map(|(_, _, locked)| locked.sources()).cloned().collect();
        let own = open.iter().find(|(target, ..)| *target == host).map(|(_, archive, _)| archive);
        let bench = Bench { workshop, request, project, config, host, archive: own };
        let builds = bench.lock(&sources, &lock.python)?;
        for (target, archive, mut locked) in
            open.iter().map(|(target, archive, locked)| (*target, archive, locked.clone()))
        {
            let built = bench.wheels(&builds, &locked, target)?;
            dlopened::add(workshop, config, project, target, archive.packages(), &mut locked);
            let locking =
                libraries::Locking { workshop, request, project, config, target, archive, built: &built };
            libraries::complete(&locking, &mut locked)?;
            locked.packages.sort_by(|a, b| a.name.cmp(&b.name));
            lock.architectures.insert(target.architecture.debian().to_owned(), locked);
        }
        if !builds.sources.is_empty() {
            lock.builds.insert(host.architecture.debian().to_owned(), builds);
        }
        Ok(lock)
    }
}

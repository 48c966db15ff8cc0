//! Builds source distributions: in a sandbox composed from the release's own compiler, headers and interpreter, with the
//! build requirements each of them names, without network and without anything of this machine. A result is kept under
//! everything it was made of, so a source distribution is built once.
//!
//! Never trusts one: it is unpacked, asked and built inside the sandbox only, and the wheel it leaves behind is checked
//! like one from anywhere. Follows PEP 517, PEP 518 and the "Source distribution format".

mod clues;
mod environment;
mod error;
mod failure;
mod hooks;
mod packages;
mod requirements;
mod root;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bareboat_packages::deb::Archive;
use bareboat_packages::pypi::{DistributionName, LockedDistribution, TagRanks, WheelName};
use bareboat_store::Digest;

use super::build::{Request, Workshop};
use super::config::Config;
use super::lock::{Locked, LockedBuilds, LockedSource};
use super::project::Project;
use super::resolve::{fetch, python};
use super::target::Target;
use crate::BuildError;
use crate::event::Event;
use hooks::{BuiltFile, Hooks};
use root::BuildRoot;

pub use error::SourceError;

/// Where source distributions are built, and for whom.
pub struct Bench<'a> {
    /// The store and the network.
    pub workshop: &'a Workshop<'a>,
    /// What is to be built.
    pub request: &'a Request<'a>,
    /// The application.
    pub project: &'a Project,
    /// Its configuration.
    pub config: &'a Config,
    /// The release on this machine: whatever is built, is built for it.
    pub host: Target,
    /// The release's indexes, while they are at hand: a failure can name packages then.
    pub archive: Option<&'a Archive>,
}

/// The wheels that were built, by the digest of their source distribution.
pub type BuiltWheels = BTreeMap<Digest, BuiltWheel>;

/// A wheel in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltWheel {
    /// The file.
    pub blob: Digest,
    /// Bytes.
    pub size: u64,
}

impl Bench<'_> {
    /// What `sources` are built with: Debian packages, and the build requirements that each of them names. Asking for
    /// these runs code of theirs, in the sandbox. Nothing is locked when there are no sources.
    ///
    /// # Errors
    /// Packages or requirements that do not exist, a source distribution that cannot even be asked.
    pub fn lock(&self, sources: &[LockedDistribution], python: &str) -> Result<LockedBuilds, BuildError> {
        let mut builds = LockedBuilds::default();
        if sources.is_empty() {
            return Ok(builds);
        }
        let archive = self.archive.ok_or_else(|| self.not_locked(&sources[0]))?;
        builds.packages = packages::lock(archive.packages(), self.config, self.host)?;
        let mut known = BTreeSet::new();
        for one in sources {
            let Some(sha256) = one.sha256.filter(|digest| known.insert(*digest)) else { continue };
            let requirements = self.lock_requirements(&builds, one, python)?;
            builds.sources.push(LockedSource { name: one.name.clone(), sha256, requirements });
        }
        builds.sources.sort_by(|a, b| (&a.name, a.sha256).cmp(&(&b.name, b.sha256)));
        Ok(builds)
    }

    /// The wheels for `target` of every source distribution in `locked`: those built before, and new ones.
    ///
    /// # Errors
    /// A build that fails, a sandbox that this machine forbids, a wheel that does not fit `target`.
    pub fn wheels(
        &self,
        builds: &LockedBuilds,
        locked: &Locked,
        target: Target,
    ) -> Result<BuiltWheels, BuildError> {
        let mut wheels = BuiltWheels::new();
        for one in locked.sources() {
            let source = builds.sources.iter().find(|source| Some(source.sha256) == one.sha256);
            let source = source.ok_or_else(|| self.not_locked(one))?;
            let hooks = self.hooks(builds, one, source.sha256)?;
            let built = match hooks.known_wheel(&source.requirements) {
                Some(built) => built,
                None => self.build(&hooks, builds, one, source)?,
            };
            self.check(one, &built, target)?;
            wheels.insert(source.sha256, BuiltWheel { blob: built.blob, size: built.size });
        }
        Ok(wheels)
    }

    fn build(
        &self,
        hooks: &Hooks<'_>,
        builds: &LockedBuilds,
        one: &LockedDistribution,
        source: &LockedSource,
    ) -> Result<BuiltFile, BuildError> {
        self.stage(format!("Building {}", shown(one)));
        self.fetch(builds, one, &source.requirements)?;
        hooks.build_wheel(&source.requirements)
    }

    fn hooks<'b>(
        &'b self,
        builds: &'b LockedBuilds,
        one: &LockedDistribution,
        sha256: Digest,
    ) -> Result<Hooks<'b>, BuildError> {
        let root = BuildRoot::new(&builds.packages, self.host.python());
        Hooks::new(self, root, one, sha256)
    }

    /// Brings a source distribution and what it is built with into the store.
    fn fetch(
        &self,
        builds: &LockedBuilds,
        one: &LockedDistribution,
        requirements: &[LockedDistribution],
    ) -> Result<(), BuildError> {
        fetch::debs(self.workshop, self.request, self.config, &builds.packages)?;
        let files: Vec<LockedDistribution> = [one].into_iter().chain(requirements).cloned().collect();
        fetch::files(self.workshop, self.request, self.project, &files)
    }

    /// The wheel is of the distribution and the version that are locked, and `target` accepts it.
    fn check(&self, one: &LockedDistribution, built: &BuiltFile, target: Target) -> Result<(), BuildError> {
        let wrong = |what: String| {
            BuildError::from(Box::new(SourceError::WrongWheel {
                source_of: shown(one),
                wheel: built.name.clone(),
                what,
            }))
        };
        let name = WheelName::from_str(&built.name).map_err(|error| wrong(error.to_string()))?;
        if name.name != one.name {
            return Err(wrong(format!("it is `{}`", name.name)));
        }
        if one.version.as_ref().is_some_and(|version| !same_version(version, &name)) {
            return Err(wrong(format!("it is version {}", name.version)));
        }
        if name.rank(&TagRanks::new(&target.for_wheels(0))).is_some() {
            return Ok(());
        }
        if target != self.host {
            return Err(BuildError::from(Box::new(SourceError::Foreign {
                source_of: shown(one),
                name: one.name.clone(),
                platform: target.platform().to_string(),
                host: self.host.platform().to_string(),
                wheel: built.name.clone(),
                debian: self.debian_package(&one.name),
            })));
        }
        Err(wrong(format!("it does not fit {}", target.for_wheels(0))))
    }

    fn not_locked(&self, one: &LockedDistribution) -> BuildError {
        let architecture = self.host.architecture.debian().to_owned();
        BuildError::from(Box::new(SourceError::NotLocked { source_of: shown(one), architecture }))
    }

    /// Debian's own package of a distribution; while no index is at hand, the name it would have.
    fn debian_package(&self, name: &DistributionName) -> Option<String> {
        let package = debian_name(name);
        self.archive.is_none_or(|archive| archive.packages().contains(&package)).then_some(package)
    }

    fn stage(&self, name: String) {
        (self.workshop.observer)(Event::Stage { name });
    }

    fn resolve(
        &self,
        python: &str,
        wanted: &[bareboat_packages::pypi::Requirement],
    ) -> Result<Vec<LockedDistribution>, BuildError> {
        let patch = python.rsplit('.').next().and_then(|patch| patch.parse().ok()).unwrap_or_default();
        let target = self.host.for_wheels(patch);
        python::build_requirements(self.workshop, self.request, self.project, &target, wanted)
    }
}

/// Name and version, for people.
fn shown(one: &LockedDistribution) -> String {
    match &one.version {
        Some(version) => format!("`{}` {version}", one.name),
        None => format!("`{}`", one.name),
    }
}

/// Versions are compared as numbers: `1.0` and `1.0.0` are one.
fn same_version(locked: &str, wheel: &WheelName) -> bool {
    let name = wheel.name.as_str().replace('-', "_");
    let same = format!("{name}-{locked}-py3-none-any.whl").parse::<WheelName>();
    same.is_ok_and(|same| same.version == wheel.version)
}

/// The name that Debian gives a package of `name`, as its Python policy has it.
fn debian_name(name: &DistributionName) -> String {
    format!("python3-{}", name.as_str().trim_start_matches("python-"))
}

//! The Python side of a lock: where dependencies are told, what they resolve to for the target, and their files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bareboat_packages::deb::DebianRelease;
use bareboat_packages::pypi::{
    self, Demand, DistributionKind, DistributionName, DistributionSource, EntryKind, FileHosts, HostRunner, Index, IndexOptions,
    LockedDistribution, MarkerEnvironment, Pin, ProjectDir, Requirement, RequirementsFile, Resolver, SimpleIndex, TagRanks, Uv,
    UvSearch, discover_index, fetch_uv, find_uv,
};
use bareboat_store::Digest;

use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::compose::WheelInput;
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::project::Project;
use crate::app::target::Target;
use crate::event::Event;

/// Where an application's dependencies are told.
pub struct Dependencies {
    directory: ProjectDir,
    requirements: Option<RequirementsFile>,
}

impl Dependencies {
    /// Finds the best source and says which.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(
        workshop: &Workshop<'_>,
        request: &Request<'_>,
        project: &Project,
        config: &Config,
    ) -> Result<Self, BuildError> {
        let directory = ProjectDir::new(&project.root);
        let file = config.requirements.clone().unwrap_or_else(|| "requirements.txt".to_owned());
        let requirements = match directory.has(&file) {
            true => Some(RequirementsFile::read(&directory, &file, &request.surroundings.environment)?),
            false => None,
        };
        if requirements.is_some() {
            (workshop.observer)(Event::Decision { text: format!("dependencies from `{file}`") });
        }
        Ok(Self { directory, requirements })
    }

    /// The Debian release that the application can run on.
    ///
    /// # Errors
    /// Nothing satisfies what is asked for.
    pub fn release(&self, request: &Request<'_>, config: &Config) -> Result<DebianRelease, BuildError> {
        if let Some(release) = crate::app::options::release(request.options, config)? {
            return Ok(release);
        }
        let asked = match &config.python {
            Some(version) => Some(version.clone()),
            None => self.directory.read(".python-version")?.map(|text| text.trim().to_owned()),
        };
        let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(DebianRelease::Trixie) };
        let minor = asked.split('.').nth(1).and_then(|minor| minor.parse().ok());
        minor.and_then(DebianRelease::with_python_minor).ok_or(BuildError::Python { asked })
    }

    /// Every distribution for `target`, one file each.
    ///
    /// # Errors
    /// Requirements that nothing satisfies, an index that cannot be reached.
    pub fn resolve(
        &self,
        workshop: &Workshop<'_>,
        request: &Request<'_>,
        project: &Project,
        config: &Config,
        target: Target,
        python: &str,
    ) -> Result<Vec<LockedDistribution>, BuildError> {
        let Some(requirements) = &self.requirements else { return Ok(Vec::new()) };
        let target = wheel_target(target, python);
        let index = index(request, project, &requirements.options)?;
        let environment = MarkerEnvironment::new(&target);
        let from_debian = from_debian(config)?;
        let mut demand = Demand { options: requirements.options.clone(), excludes: from_debian, ..Demand::default() };
        let mut allowed: BTreeMap<DistributionName, BTreeSet<Digest>> = BTreeMap::new();
        for entry in &requirements.entries {
            let EntryKind::Named(requirement) = &entry.wanted else { continue };
            if !requirement.applies(&environment) || demand.excludes.contains(&requirement.name) {
                continue;
            }
            allowed.entry(requirement.name.clone()).or_default().extend(entry.digests.iter().copied());
            demand.requirements.push(without_marker(requirement));
        }
        for entry in &requirements.constraints {
            if let EntryKind::Named(requirement) = &entry.wanted {
                demand.constraints.push(requirement.to_string());
            }
        }
        let uv = uv(workshop, request, &index)?;
        let cache = tools(workshop).join("uv-cache");
        let resolver = Resolver {
            uv: &uv,
            runner: &HostRunner,
            index: &index,
            fetcher: workshop.fetcher,
            store: workshop.store,
            cache: &cache,
            variables: &request.surroundings.environment,
        };
        let resolved = resolver.resolve(&self.directory, &demand, &target)?;
        let hosts = hosts(workshop, &index);
        let ranks = TagRanks::new(&target);
        resolved.pins.iter().map(|pin| choose(pin, &allowed, &target, &ranks, &hosts)).collect()
    }
}

fn choose(
    pin: &Pin,
    allowed: &BTreeMap<DistributionName, BTreeSet<Digest>>,
    target: &pypi::Target,
    ranks: &TagRanks,
    hosts: &FileHosts<'_>,
) -> Result<LockedDistribution, BuildError> {
    if let Some(local) = LockedDistribution::local(pin) {
        return Ok(local);
    }
    let none = BTreeSet::new();
    let allowed = allowed.get(&pin.name).unwrap_or(&none);
    let choice = pypi::choose_file(pin, allowed, target, ranks)?;
    Ok(LockedDistribution::new(pin, &choice, |name, url| hosts.place(name, url))?)
}

/// The marker was judged for the target already.
fn without_marker(requirement: &Requirement) -> String {
    Requirement { marker: None, ..requirement.clone() }.to_string()
}

fn wheel_target(target: Target, python: &str) -> pypi::Target {
    let patch = python.rsplit('.').next().and_then(|patch| patch.parse().ok()).unwrap_or_default();
    target.for_wheels(patch)
}

fn from_debian(config: &Config) -> Result<BTreeSet<DistributionName>, BuildError> {
    let names = config.debian_python.keys();
    names.map(|name| DistributionName::new(name).map_err(|error| BuildError::Name { reason: error.to_string() })).collect()
}

/// The package index, found the way uv and pip find it.
fn index(request: &Request<'_>, project: &Project, options: &IndexOptions) -> Result<Index, BuildError> {
    let surroundings = pypi::Surroundings {
        configured: None,
        variables: &request.surroundings.environment,
        runner: Some(&HostRunner),
        system: PathBuf::from("/etc"),
    };
    Ok(discover_index(&surroundings, &ProjectDir::new(&project.root), options)?)
}

fn hosts<'a>(workshop: &Workshop<'a>, index: &'a Index) -> FileHosts<'a> {
    FileHosts::new(index, workshop.fetcher, Some(tools(workshop).join("file-hosts.json")))
}

/// Programs and memories that are no blobs.
fn tools(workshop: &Workshop<'_>) -> PathBuf {
    workshop.store.root().join("tools")
}

/// The resolver: the one named, one on `PATH`, else the pinned one from the index.
fn uv(workshop: &Workshop<'_>, request: &Request<'_>, index: &Index) -> Result<Uv, BuildError> {
    let environment = &request.surroundings.environment;
    let search = UvSearch {
        named: environment.get("BAREBOAT_UV").map(Path::new),
        path: environment.get("PATH").map(String::as_str),
    };
    if let Some(uv) = find_uv(search, &HostRunner)? {
        return Ok(uv);
    }
    let simple = SimpleIndex::new(workshop.fetcher, &index.url);
    let machine = if request.host.architecture == "arm64" { "aarch64" } else { "x86_64" };
    Ok(fetch_uv(&simple, workshop.fetcher, workshop.store, &tools(workshop), machine)?)
}

/// Fetches the files of the distributions that are not in the store.
///
/// # Errors
/// A file that no host of the index has, or that has another digest.
pub fn fetch(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    distributions: &[LockedDistribution],
) -> Result<(), BuildError> {
    let index = index(request, project, &IndexOptions::default())?;
    for result in hosts(workshop, &index).fetch(workshop.store, distributions) {
        result?;
    }
    Ok(())
}

/// The wheels of a lock, all in the store.
///
/// # Errors
/// One that has to be built first.
pub fn wheels(locked: &Locked) -> Result<Vec<WheelInput>, BuildError> {
    let mut wheels = Vec::new();
    for one in &locked.distributions {
        let (DistributionKind::Wheel, Some(blob)) = (one.kind, one.sha256) else {
            return Err(BuildError::NoWheel { name: one.name.to_string() });
        };
        wheels.push(WheelInput {
            name: one.name.to_string(),
            version: one.version.clone().unwrap_or_default(),
            blob,
            size: one.size.unwrap_or_else(|| 0),
            requested: one.required_by.is_empty(),
            direct_url: direct_url(&one.source, &blob),
        });
    }
    Ok(wheels)
}

/// `direct_url.json` (PEP 610) for what comes from a URL of its own.
fn direct_url(source: &DistributionSource, digest: &Digest) -> Option<String> {
    let DistributionSource::Url(url) = source else { return None };
    let hashes = BTreeMap::from([("sha256", digest.hex())]);
    Some(serde_json::json!({ "archive_info": { "hashes": hashes }, "url": url }).to_string())
}

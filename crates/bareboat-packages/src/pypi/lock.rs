//! From a project to the files of its distributions for one target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bareboat_store::{Fetcher, Request, Store};

use super::choose::{Choice, choose_file};
use super::complete::{AllowedDigests, complete_pins};
use super::error::PypiError;
use super::file_name::WheelName;
use super::index::{FileHosts, Index, SimpleIndex, Surroundings, discover_index};
use super::locked::{DistributionSource, LockedDistribution};
use super::name::DistributionName;
use super::pin::{LockedFile, Origin, Pin};
use super::process::Runner;
use super::project::ProjectDir;
use super::redact::redact_text;
use super::requirement::{MarkerEnvironment, Requirement};
use super::requirements_txt::{IndexOptions, RequirementsFile};
use super::sources::{DependencySource, SourceKind};
use super::tags::TagRanks;
use super::target::Target;
use super::uv::{Demand, Resolver, Uv, UvSearch, fetch_uv, find_uv};
use super::wanted::{Wanted, read_wanted};

/// What locking needs of the machine it runs on.
pub struct LockTools<'a> {
    /// The network.
    pub fetcher: &'a Fetcher,
    /// Keeps what is fetched.
    pub store: &'a Store,
    /// Runs the resolver.
    pub runner: &'a dyn Runner,
    /// The caller's environment.
    pub variables: &'a BTreeMap<String, String>,
    /// A directory for the resolver and its cache.
    pub cache: &'a Path,
    /// The resolver that the person named.
    pub named_uv: Option<&'a Path>,
    /// The index that bareboat was told to use.
    pub configured_index: Option<&'a str>,
    /// Where system-wide configuration lies, `/etc`.
    pub system: &'a Path,
    /// The processor of this machine, as in [`std::env::consts::ARCH`].
    pub host_architecture: &'a str,
}

/// Which parts of the project are wanted besides its own dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Extras of the project.
    pub extras: BTreeSet<DistributionName>,
    /// Dependency groups besides the default ones.
    pub groups: BTreeSet<DistributionName>,
    /// Distributions that something else provides: they are left out, with what only they need.
    pub provided: BTreeSet<DistributionName>,
}

/// The distributions of a project for one target.
#[derive(Debug, Clone)]
pub struct DistributionLock {
    /// By name.
    pub distributions: Vec<LockedDistribution>,
    /// The resolver that was needed, such as `uv 0.13.9`; `None` when the project's own lock told everything.
    pub resolver: Option<String>,
}

/// Locks what `source` of `project` asks for on `target`.
///
/// # Errors
/// Whatever is wrong with the project, its locks, the index or the network; see [`PypiError`].
pub fn lock_distributions(
    project: &ProjectDir,
    source: &DependencySource,
    parts: &Parts,
    target: &Target,
    tools: &LockTools<'_>,
) -> Result<DistributionLock, PypiError> {
    let mut environment = MarkerEnvironment::new(target);
    environment.extras.extend(parts.extras.iter().cloned());
    environment.groups.extend(parts.groups.iter().cloned());
    let wanted = read_wanted(project, source, &environment, tools.variables)?;
    let index = tools.index(project, &wanted.options)?;
    let Wanted { mut pins, demand, digests, .. } = wanted;
    let mut resolver = None;
    let without_provided = |mut demand: Demand| {
        demand.excludes.extend(parts.provided.iter().cloned());
        demand
    };
    if let Some(demand) = demand.map(without_provided).filter(|demand| !demand.is_empty()) {
        let uv = tools.uv(&index)?;
        pins.extend(tools.resolve(project, &demand, target, &index, &uv)?);
        resolver = Some(format!("uv {}", uv.version));
    }
    pins.retain(|pin| !parts.provided.contains(&pin.name));
    let pins = complete_pins(pins, &index, tools.fetcher, &digests)?;
    let chooser = Chooser { tools, project, digests: &digests, target, is_lock: source.kind.is_lock() };
    let mut distributions = chooser.choose(pins, &index)?;
    distributions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(DistributionLock { distributions, resolver })
}

/// Locks `requirements` for `target`, whatever the project itself asks for: what a source distribution is built with.
///
/// # Errors
/// As [`lock_distributions`].
pub fn lock_requirements(
    project: &ProjectDir,
    requirements: &[Requirement],
    target: &Target,
    tools: &LockTools<'_>,
) -> Result<Vec<LockedDistribution>, PypiError> {
    let demand =
        Demand { requirements: requirements.iter().map(ToString::to_string).collect(), ..Demand::default() };
    if demand.is_empty() {
        return Ok(Vec::new());
    }
    let index = tools.index(project, &IndexOptions::default())?;
    let uv = tools.uv(&index)?;
    let digests = AllowedDigests::default();
    let pins = tools.resolve(project, &demand, target, &index, &uv)?;
    let pins = complete_pins(pins, &index, tools.fetcher, &digests)?;
    let chooser = Chooser { tools, project, digests: &digests, target, is_lock: false };
    let mut distributions = chooser.choose(pins, &index)?;
    distributions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(distributions)
}

/// Fetches the files of locked `distributions` that are not in the store yet.
///
/// Nothing is asked of anybody when all are there. `source` is the file that the lock was made from: it may name the
/// index.
///
/// # Errors
/// A file that no host of the index has, or that has another digest.
pub fn fetch_distributions(
    project: &ProjectDir,
    source: Option<&DependencySource>,
    distributions: &[LockedDistribution],
    tools: &LockTools<'_>,
) -> Result<(), PypiError> {
    let missing = |one: &&LockedDistribution| one.sha256.is_some_and(|sha256| !tools.store.contains(&sha256));
    let missing: Vec<LockedDistribution> = distributions.iter().filter(missing).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    for one in &missing {
        if let DistributionSource::File(path) = &one.source {
            let request = Request {
                urls: vec![file_url(&project.root().join(path))?],
                digest: one.sha256,
                limit: MAX_FILE,
                label: path.clone(),
                ..Request::default()
            };
            tools.fetcher.fetch(tools.store, &request)?;
        }
    }
    let index = tools.index(project, &source_options(project, source, tools.variables)?)?;
    tools.file_hosts(&index).fetch(tools.store, &missing).into_iter().try_for_each(|result| result.map(drop))
}

/// What `source` says about where files come from.
fn source_options(
    project: &ProjectDir,
    source: Option<&DependencySource>,
    variables: &BTreeMap<String, String>,
) -> Result<IndexOptions, PypiError> {
    match source {
        Some(source) if source.kind == SourceKind::Requirements => {
            RequirementsFile::read(project, &source.file, variables).map(|file| file.options)
        }
        _ => Ok(IndexOptions::default()),
    }
}

impl LockTools<'_> {
    /// The package index for `project`.
    ///
    /// # Errors
    /// As [`discover_index`].
    pub fn index(&self, project: &ProjectDir, options: &IndexOptions) -> Result<Index, PypiError> {
        let surroundings = Surroundings {
            configured: self.configured_index.map(str::to_owned),
            variables: self.variables,
            runner: Some(self.runner),
            system: self.system.to_owned(),
        };
        discover_index(&surroundings, project, options)
    }

    /// The hosts of the files of `index`, remembered in the cache.
    pub fn file_hosts<'a>(&'a self, index: &'a Index) -> FileHosts<'a> {
        FileHosts::new(index, self.fetcher, Some(self.cache.join("file-hosts.json")))
    }

    /// A resolver: the one named, one on `PATH`, or the pinned one from the index.
    ///
    /// # Errors
    /// [`PypiError::NoResolver`], and those of fetching.
    pub fn uv(&self, index: &Index) -> Result<Uv, PypiError> {
        let path = self.variables.get("PATH").map(String::as_str);
        if let Some(uv) = find_uv(UvSearch { named: self.named_uv, path }, self.runner)? {
            return Ok(uv);
        }
        let simple = SimpleIndex::new(self.fetcher, index.url.as_str());
        fetch_uv(&simple, self.fetcher, self.store, &self.cache.join("tools"), self.host_architecture)
    }

    fn resolve(
        &self,
        project: &ProjectDir,
        demand: &Demand,
        target: &Target,
        index: &Index,
        uv: &Uv,
    ) -> Result<Vec<Pin>, PypiError> {
        let resolver = Resolver {
            uv,
            runner: self.runner,
            index,
            fetcher: self.fetcher,
            store: self.store,
            cache: &self.cache.join("resolve"),
            variables: self.variables,
        };
        Ok(resolver.resolve(project, demand, target)?.pins)
    }
}

/// Chooses a file of every pin and tells where it is.
struct Chooser<'a> {
    tools: &'a LockTools<'a>,
    project: &'a ProjectDir,
    digests: &'a AllowedDigests,
    target: &'a Target,
    /// The pins come from the project's own lock, with its addresses.
    is_lock: bool,
}

impl Chooser<'_> {
    fn choose(&self, pins: Vec<Pin>, index: &Index) -> Result<Vec<LockedDistribution>, PypiError> {
        let ranks = TagRanks::new(self.target);
        let hosts = self.tools.file_hosts(index);
        let mut distributions = Vec::with_capacity(pins.len());
        for mut pin in pins {
            if let Some(local) = LockedDistribution::local(&pin) {
                distributions.push(local);
                continue;
            }
            if let (Origin::File(path), true) = (&pin.origin, pin.files.is_empty()) {
                pin.files = vec![file_at(path)?];
            }
            if let (Origin::Url(url), true) = (&pin.origin, pin.files.is_empty()) {
                pin.files.extend(LockedFile::at_url(url, None, None));
            }
            let allowed = self.digests.of(&pin.name)?;
            let choice = self.vouch(choose_file(&pin, &allowed, self.target, &ranks)?)?;
            let (Choice::Wheel(file) | Choice::NeedsBuild(file)) = &choice;
            let named = || Some(file.name.parse::<WheelName>().ok()?.version);
            pin.version = pin.version.or_else(named);
            let place = |name: &DistributionName, url: &str| match self.is_lock {
                true => hosts.place_locked(name, url, file.sha256),
                false => hosts.place(name, url),
            };
            distributions.push(LockedDistribution::new(&pin, &choice, place)?);
        }
        Ok(distributions)
    }

    /// Gives a file without digest the one it has now: some indexes tell none, and neither do paths.
    fn vouch(&self, mut choice: Choice) -> Result<Choice, PypiError> {
        let (Choice::Wheel(file) | Choice::NeedsBuild(file)) = &mut choice;
        if file.sha256.is_some() {
            return Ok(choice);
        }
        let url = match (&file.url, &file.path) {
            (Some(url), _) => url.clone(),
            (None, Some(path)) => file_url(&self.project.root().join(path))?,
            (None, None) => return Ok(choice),
        };
        let request =
            Request { urls: vec![url], limit: MAX_FILE, label: file.name.clone(), ..Request::default() };
        let fetched = self.tools.fetcher.fetch(self.tools.store, &request)?;
        file.sha256 = Some(fetched.digest);
        file.size = Some(fetched.size);
        Ok(choice)
    }
}

fn file_at(path: &str) -> Result<LockedFile, PypiError> {
    let name = super::file_name::file_name_of(path)
        .ok_or_else(|| PypiError::syntax(super::Place::file(path), "it is not the path of a file"))?;
    Ok(LockedFile { name, url: None, path: Some(path.to_owned()), sha256: None, size: None })
}

fn file_url(path: &Path) -> Result<String, PypiError> {
    let failed = |path: &Path| PypiError::Read {
        file: redact_text(&path.display().to_string()),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let absolute: PathBuf = std::path::absolute(path).map_err(|_| failed(path))?;
    url::Url::from_file_path(&absolute).map(String::from).map_err(|()| failed(path))
}

/// For files whose size nobody told.
const MAX_FILE: u64 = 8 << 30;

#[cfg(test)]
mod tests;

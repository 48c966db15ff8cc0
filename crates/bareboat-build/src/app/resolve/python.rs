//! The Python side of a lock: where dependencies are told, what they resolve to for the target, and their files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bareboat_packages::deb::DebianRelease;
use bareboat_packages::pypi::{
    DependencySource, DistributionKind, DistributionName, DistributionSource, HostRunner, IndexOptions,
    LockTools, LockedDistribution, Parts, ProjectDir, PythonVersion, Requirement, choose_python,
    fetch_distributions, find_sources, lock_distributions, lock_requirements, python_wishes,
};
use bareboat_store::Digest;

use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::compose::WheelInput;
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::options;
use crate::app::plain_file;
use crate::app::project::Project;
use crate::app::sdist::BuiltWheels;
use crate::app::target::Target;
use crate::event::Event;

/// Where an application's dependencies are told.
pub struct Dependencies {
    directory: ProjectDir,
    source: Option<DependencySource>,
}

impl Dependencies {
    /// Finds the best source and says which.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn find(workshop: &Workshop<'_>, project: &Project, config: &Config) -> Result<Self, BuildError> {
        let directory = ProjectDir::new(&project.root);
        let found = find_sources(&directory)?;
        let source = config.requirements.as_deref().map(DependencySource::named).or(found.chosen);
        let text = match &source {
            Some(source) => format!("dependencies from `{}`", source.file),
            None => "no file tells dependencies: the standard library has to do".to_owned(),
        };
        (workshop.observer)(Event::Decision { text });
        if let Some(text) = unread(project).filter(|_| source.is_none()) {
            (workshop.observer)(Event::Warning { text });
        }
        for other in found.others.iter().filter(|other| Some(*other) != source.as_ref()) {
            (workshop.observer)(Event::Decision { text: format!("`{}` was seen and not used", other.file) });
        }
        Ok(Self { directory, source })
    }

    /// The Debian releases that the application can run on, best first: the one asked for, else the newest stable one
    /// whose Python fits, and behind it those that would do if the project's own lock has no files for that Python.
    ///
    /// # Errors
    /// Nothing satisfies what is asked for.
    pub fn releases(
        &self,
        workshop: &Workshop<'_>,
        request: &Request<'_>,
        config: &Config,
    ) -> Result<Vec<DebianRelease>, BuildError> {
        if let Some(release) = options::release(request.options, config)? {
            return Ok(vec![release]);
        }
        let wishes = python_wishes(&self.directory, self.source.as_ref())?;
        let offered =
            OFFERED.map(|release| PythonVersion::new(3, u32::from(release.python_minor()), NEWEST_PATCH));
        let choice = choose_python(&wishes, &offered, config.python.as_deref())?;
        let chosen = offered.iter().position(|version| *version == choice.version).unwrap_or_default();
        let release = OFFERED[chosen];
        if let Some(wish) = &choice.because {
            let text = format!(
                "Debian {} with Python {}: {}",
                release.number(),
                choice.version.short(),
                wish.shown()
            );
            (workshop.observer)(Event::Decision { text });
        }
        if let Some(wish) = &choice.unmet {
            let text = format!("{} is not met: Python {} is used", wish.shown(), choice.version.short());
            (workshop.observer)(Event::Warning { text });
        }
        let mut releases = vec![release];
        if config.python.is_none() && self.source.as_ref().is_some_and(|source| source.kind.is_lock()) {
            let others = OFFERED.iter().zip(&offered).filter(|(other, version)| {
                **other != release && wishes.iter().all(|wish| wish.accepts(version))
            });
            releases.extend(others.map(|(other, _)| *other));
        }
        Ok(releases)
    }

    /// Every distribution for `target`, one file each, but those that Debian's own packages stand for.
    ///
    /// # Errors
    /// Requirements that nothing satisfies, an index that cannot be reached.
    pub fn resolve(
        &self,
        workshop: &Workshop<'_>,
        request: &Request<'_>,
        config: &Config,
        target: Target,
        python: &str,
    ) -> Result<Vec<LockedDistribution>, BuildError> {
        let Some(source) = &self.source else { return Ok(Vec::new()) };
        let patch = python.rsplit('.').next().and_then(|patch| patch.parse().ok()).unwrap_or_default();
        let from_debian = names(config.debian_python.keys())?;
        let (extras, provided) = (names(config.extras.iter())?, from_debian.clone());
        let parts = Parts { extras, groups: BTreeSet::new(), provided };
        let surroundings = Around::new(workshop, request);
        let tools = surroundings.tools(workshop, request);
        let lock = lock_distributions(&self.directory, source, &parts, &target.for_wheels(patch), &tools)?;
        if let Some(resolver) = &lock.resolver {
            (workshop.observer)(Event::Decision {
                text: format!("resolved by {resolver} for {}", target.python_name()),
            });
        }
        let wanted = lock.distributions.into_iter().filter(|one| !from_debian.contains(&one.name));
        wanted.map(|one| self.inside(one)).collect()
    }

    /// Only what lies in the application's directory can be in the image.
    fn inside(&self, one: LockedDistribution) -> Result<LockedDistribution, BuildError> {
        let Some(path) = directory(&one).filter(|path| path.starts_with("..") || path.starts_with('/'))
        else {
            return Ok(one);
        };
        let root = self.directory.root();
        let above: Vec<&Path> = root.ancestors().skip(1).collect();
        let workspace = above.iter().position(|directory| is_workspace(directory));
        let member = workspace.and_then(|index| root.strip_prefix(above[index]).ok()).unwrap_or(root);
        Err(BuildError::Outside {
            name: one.name.to_string(),
            path: path.to_owned(),
            workspace: workspace.map(|index| vec![".."; index + 1].join("/")),
            member: member.display().to_string(),
        })
    }
}

/// Where dependencies may well be told although nothing in the directory itself tells them.
fn unread(project: &Project) -> Option<String> {
    if project.files.iter().any(|file| file == "setup.py") {
        return Some(
            "`setup.py` tells dependencies only to whoever runs it: list them in `requirements.txt` or `pyproject.toml`"
                .to_owned(),
        );
    }
    let is_source = |file: &&String| {
        let name = file.rsplit('/').next().unwrap_or_default();
        matches!(name, "requirements.txt" | "uv.lock" | "poetry.lock" | "pyproject.toml" | "Pipfile")
    };
    let file = project.files.iter().filter(is_source).min_by_key(|file| file.matches('/').count())?;
    let (directory, _) = file.rsplit_once('/')?;
    Some(format!(
        "`{file}` is not read: build `{directory}`, or write `requirements = \"{file}\"` into `bareboat.toml`"
    ))
}

/// Whether `directory` is the root of a workspace of uv's.
fn is_workspace(directory: &Path) -> bool {
    let text = plain_file::read_to_string(&directory.join("pyproject.toml")).unwrap_or_default();
    let document: toml::Table = toml::from_str(&text).unwrap_or_default();
    document.get("tool").and_then(|tool| tool.get("uv")?.get("workspace")).is_some()
}

/// Best first; testing only when nothing else will do.
const OFFERED: [DebianRelease; 3] = [DebianRelease::Trixie, DebianRelease::Bookworm, DebianRelease::Forky];

/// Only the feature release is known before an index is read; `>=3.11.4` accepts it.
const NEWEST_PATCH: u32 = 99;

fn names<'a>(names: impl Iterator<Item = &'a String>) -> Result<BTreeSet<DistributionName>, BuildError> {
    names
        .map(|name| {
            DistributionName::new(name).map_err(|error| BuildError::Name { reason: error.to_string() })
        })
        .collect()
}

/// Paths that the tools borrow.
struct Around {
    cache: PathBuf,
    named_uv: Option<PathBuf>,
}

impl Around {
    fn new(workshop: &Workshop<'_>, request: &Request<'_>) -> Self {
        let named_uv = request.surroundings.environment.get("BAREBOAT_UV").map(PathBuf::from);
        Self { cache: workshop.store.root().join("tools"), named_uv }
    }

    fn tools<'a>(&'a self, workshop: &'a Workshop<'_>, request: &'a Request<'_>) -> LockTools<'a> {
        LockTools {
            fetcher: workshop.fetcher,
            store: workshop.store,
            runner: &HostRunner,
            variables: &request.surroundings.environment,
            cache: &self.cache,
            named_uv: self.named_uv.as_deref(),
            configured_index: None,
            system: Path::new("/etc"),
            host_architecture: if request.host.architecture == "arm64" { "aarch64" } else { "x86_64" },
        }
    }
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
    let around = Around::new(workshop, request);
    let tools = around.tools(workshop, request);
    let directory = ProjectDir::new(&project.root);
    let in_project: Vec<LockedDistribution> = distributions
        .iter()
        .filter(|one| matches!(one.source, DistributionSource::File(_)))
        .cloned()
        .collect();
    fetch_distributions(&directory, None, &in_project, &tools)?;
    let index = tools.index(&directory, &IndexOptions::default())?;
    for result in tools.file_hosts(&index).fetch(workshop.store, distributions) {
        result?;
    }
    Ok(())
}

/// What a source distribution that asks for `requirements` is built with on `target`.
///
/// # Errors
/// As [`Dependencies::resolve`].
pub fn build_requirements(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    target: &bareboat_packages::pypi::Target,
    requirements: &[Requirement],
) -> Result<Vec<LockedDistribution>, BuildError> {
    let around = Around::new(workshop, request);
    let tools = around.tools(workshop, request);
    Ok(lock_requirements(&ProjectDir::new(&project.root), requirements, target, &tools)?)
}

/// The wheels of a lock, all in the store; `built` are those made of its source distributions.
///
/// # Errors
/// One that cannot be had: a repository, which nothing pins by digest.
pub fn wheels(locked: &Locked, built: &BuiltWheels) -> Result<Vec<WheelInput>, BuildError> {
    let mut wheels = Vec::new();
    for one in locked.distributions.iter().filter(|one| directory(one).is_none()) {
        let file = match (one.kind, one.sha256) {
            (DistributionKind::Wheel, Some(blob)) => Some((blob, one.size.unwrap_or_default())),
            (DistributionKind::Sdist, Some(source)) => {
                built.get(&source).map(|wheel| (wheel.blob, wheel.size))
            }
            _ => None,
        };
        let (blob, size) = file.ok_or_else(|| BuildError::NoWheel { name: one.name.to_string() })?;
        wheels.push(WheelInput {
            name: one.name.to_string(),
            version: one.version.clone().unwrap_or_default(),
            blob,
            size,
            requested: one.required_by.is_empty(),
            direct_url: one.sha256.and_then(|digest| direct_url(&one.source, &digest)),
        });
    }
    Ok(wheels)
}

/// The directory of the project itself, or of a member of its workspace: its files are the application's, see
/// [`crate::app::own_package`].
pub fn directory(one: &LockedDistribution) -> Option<&str> {
    match &one.source {
        DistributionSource::Directory(directory) => Some(directory),
        _ => None,
    }
}

/// `direct_url.json` (PEP 610) for what comes from a URL of its own.
fn direct_url(source: &DistributionSource, digest: &Digest) -> Option<String> {
    let DistributionSource::Url(url) = source else { return None };
    let hashes = BTreeMap::from([("sha256", digest.hex())]);
    Some(serde_json::json!({ "archive_info": { "hashes": hashes }, "url": url }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread_in(files: &[&str]) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        unread(&Project::open(root.path()).unwrap())
    }

    #[test]
    fn says_where_dependencies_may_be_told() {
        assert_eq!(unread_in(&["app.py"]), None);
        assert!(unread_in(&["setup.py"]).unwrap().starts_with("`setup.py` tells dependencies only"));
        assert_eq!(
            unread_in(&["a/b/requirements.txt", "backend/requirements.txt"]).unwrap(),
            "`backend/requirements.txt` is not read: build `backend`, or write `requirements = \"backend/requirements.txt\"` into `bareboat.toml`"
        );
    }
}

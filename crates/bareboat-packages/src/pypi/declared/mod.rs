//! What a project declares about itself, read without running anything: name, Python versions, dependencies.

mod groups;
mod pep621;
pub(super) mod pipfile;
mod poetry;
mod poetry_versions;
mod setup_cfg;

use std::collections::BTreeMap;

use pep440_rs::{Version, VersionSpecifiers};

pub(super) use self::pep621::uv_default_groups;
pub(super) use self::poetry_versions::parse_constraint;
use super::error::PypiError;
use super::name::DistributionName;
use super::pin::Origin;
use super::project::ProjectDir;
use super::requirement::{MarkerEnvironment, Requirement};
use super::requirements_txt::IndexOptions;
use super::sources::{DependencySource, SourceKind};

/// What a project declares.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The file that declares it, relative to the project.
    pub file: String,
    /// Its name, when it has one.
    pub name: Option<DistributionName>,
    /// Its version, unless only a build can tell.
    pub version: Option<Version>,
    /// Sets of Python versions, one of which must hold; empty when any version will do.
    pub requires_python: Vec<VersionSpecifiers>,
    /// Its dependencies.
    pub dependencies: Vec<Dependency>,
    /// Further dependencies by extra.
    pub extras: BTreeMap<DistributionName, Vec<Dependency>>,
    /// Further dependencies by dependency group.
    pub groups: BTreeMap<DistributionName, Vec<Dependency>>,
    /// Groups that are installed unless somebody says otherwise.
    pub default_groups: Vec<DistributionName>,
    /// True when it is a distribution that gets installed, not only a list of dependencies.
    pub is_package: bool,
    /// Where its dependencies come from, as far as it says.
    pub options: IndexOptions,
    /// True when it binds dependencies to sources that only uv knows (`[tool.uv.sources]`).
    pub has_uv_sources: bool,
}

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What is needed.
    pub requirement: Requirement,
    /// Where it comes from, when that is a directory or a repository.
    pub origin: Option<Origin>,
}

impl From<Requirement> for Dependency {
    fn from(requirement: Requirement) -> Self {
        Self { requirement, origin: None }
    }
}

impl Declared {
    /// What `project` declares for `environment`; `None` when no file of it declares anything.
    ///
    /// Looks at `pyproject.toml` (`[project]`, else Poetry's table), then at `setup.cfg`.
    ///
    /// # Errors
    /// Files that cannot be understood, and dependencies that only a build could tell.
    pub fn read(project: &ProjectDir, environment: &MarkerEnvironment) -> Result<Option<Self>, PypiError> {
        if let Some(text) = project.read(PYPROJECT)? {
            let mut standard = pep621::read(project, &text)?;
            let poetry = match &standard {
                Some(declared) if declared.name.is_some() => None,
                _ => poetry::read(&text, environment)?,
            };
            if let Some(mut declared) = poetry {
                declared.groups.extend(standard.take().map(|standard| standard.groups).unwrap_or_default());
                return Ok(Some(declared));
            }
            if standard.is_some() {
                return Ok(standard);
            }
        }
        match project.read("setup.cfg")? {
            Some(text) => setup_cfg::read(project, &text),
            None => Ok(None),
        }
    }

    /// What the file of `source` declares: as [`Declared::read`], but of that file only.
    ///
    /// # Errors
    /// As [`Declared::read`].
    pub(super) fn read_source(
        project: &ProjectDir,
        source: &DependencySource,
        environment: &MarkerEnvironment,
    ) -> Result<Option<Self>, PypiError> {
        let text = project.require(&source.file)?;
        match source.kind {
            SourceKind::Pipfile => pipfile::read(&text, environment).map(Some),
            SourceKind::SetupCfg => setup_cfg::read(project, &text),
            _ => Self::read(project, environment),
        }
    }

    /// The dependencies that apply in `environment`, those of its extras and groups included.
    ///
    /// An extra may name the project itself with other extras; that is followed.
    pub fn wanted(&self, environment: &MarkerEnvironment) -> Vec<&Dependency> {
        let mut wanted: Vec<&Dependency> = self.dependencies.iter().collect();
        let mut pending: Vec<&DistributionName> = environment.extras.iter().collect();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(extra) = pending.pop() {
            if !seen.insert(extra) {
                continue;
            }
            for dependency in self.extras.get(extra).into_iter().flatten() {
                match Some(&dependency.requirement.name) == self.name.as_ref() {
                    true => pending.extend(&dependency.requirement.extras),
                    false => wanted.push(dependency),
                }
            }
        }
        let groups = environment.groups.iter().chain(&self.default_groups);
        wanted.extend(groups.flat_map(|group| self.groups.get(group).into_iter().flatten()));
        wanted.retain(|dependency| dependency.requirement.applies(environment));
        wanted
    }

    /// True when `version` of Python is one of those it is for.
    pub fn accepts_python(&self, version: &Version) -> bool {
        self.requires_python.is_empty() || self.requires_python.iter().any(|set| set.contains(version))
    }
}

pub(super) const PYPROJECT: &str = "pyproject.toml";

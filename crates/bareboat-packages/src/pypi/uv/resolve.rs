//! Asking uv until it has an answer: wheels first, source distributions only where there is no wheel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bareboat_store::{Fetcher, Store};

use super::command::{Compile, Telling};
use super::description::write_description;
use super::failure::{Failure, SourceOf, translate, understand};
use super::find::Uv;
use super::metadata::{StaticMetadata, fetch_static_metadata};
use super::settings::settings_with;
use crate::pypi::error::PypiError;
use crate::pypi::index::Index;
use crate::pypi::locks::{Locked, read_pylock};
use crate::pypi::name::DistributionName;
use crate::pypi::process::Runner;
use crate::pypi::project::ProjectDir;
use crate::pypi::requirement::MarkerEnvironment;
use crate::pypi::requirements_txt::IndexOptions;
use crate::pypi::target::Target;

/// What is to be resolved.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    /// Dependency specifiers.
    pub requirements: Vec<String>,
    /// A `pyproject.toml` that uv reads itself instead of the requirements, relative to the project.
    pub project_file: Option<String>,
    /// Extras of that project.
    pub extras: Vec<String>,
    /// Dependency groups of that project.
    pub groups: Vec<String>,
    /// Limits that ask for nothing.
    pub constraints: Vec<String>,
    /// Replacements for what any distribution says.
    pub overrides: Vec<String>,
    /// Distributions to leave out wherever they are asked for: those that are built from the project itself.
    pub excludes: BTreeSet<DistributionName>,
    /// What the requirements say about indexes.
    pub options: IndexOptions,
    /// Resolve exactly the requirements: everything is listed already.
    pub no_dependencies: bool,
}

impl Demand {
    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.project_file.is_none()
    }
}

/// Resolves with uv.
pub struct Resolver<'a> {
    /// The program.
    pub uv: &'a Uv,
    /// Runs it.
    pub runner: &'a dyn Runner,
    /// The index that uv asks.
    pub index: &'a Index,
    /// Fetches source distributions to read what they depend on.
    pub fetcher: &'a Fetcher,
    /// Keeps them.
    pub store: &'a Store,
    /// A directory for uv's own cache and for short-lived files.
    pub cache: &'a Path,
    /// The caller's environment.
    pub variables: &'a BTreeMap<String, String>,
}

impl Resolver<'_> {
    /// The pins that satisfy `demand` on `target`.
    ///
    /// A distribution without a wheel for the target is resolved from its source distribution; only those have no
    /// wheel among their files then. Nothing is built: what a source distribution depends on is read from it.
    ///
    /// # Errors
    /// [`PypiError::Unresolvable`] with uv's own explanation, and everything that fetching can say.
    pub fn resolve(
        &self,
        project: &ProjectDir,
        demand: &Demand,
        target: &Target,
    ) -> Result<Locked, PypiError> {
        if demand.is_empty() {
            return Ok(Locked::default());
        }
        let failed = |source| PypiError::Read { file: self.cache.display().to_string(), source };
        fs::create_dir_all(self.cache).map_err(failed)?;
        let scratch = tempfile::tempdir_in(self.cache).map_err(failed)?;
        let description = write_description(&self.cache.join("targets"), target).map_err(failed)?;
        let mut attempt = Attempt {
            resolver: self,
            project,
            demand,
            target,
            scratch: scratch.path(),
            telling: Telling::Description(description),
            from_source: BTreeSet::new(),
            metadata: BTreeMap::new(),
        };
        for _ in 0..MAX_ATTEMPTS {
            let said = match attempt.run()? {
                Ok(locked) => return Ok(locked),
                Err(said) => said,
            };
            if !attempt.learn(&said)? {
                return Err(translate(&said, target));
            }
        }
        Err(translate("error: too many distributions have neither wheels nor metadata", target))
    }
}

/// What has been learned so far.
struct Attempt<'a> {
    resolver: &'a Resolver<'a>,
    project: &'a ProjectDir,
    demand: &'a Demand,
    target: &'a Target,
    scratch: &'a Path,
    telling: Telling,
    from_source: BTreeSet<DistributionName>,
    metadata: BTreeMap<(DistributionName, SourceOf), StaticMetadata>,
}

impl Attempt<'_> {
    /// Runs uv once; the inner error is what it said.
    fn run(&self) -> Result<Result<Locked, String>, PypiError> {
        // An override that never applies removes a dependency wherever it stands, in every version of uv.
        let never = |name: &DistributionName| format!("{name} ; sys_platform == 'never'");
        let overrides: Vec<String> =
            self.demand.overrides.iter().cloned().chain(self.demand.excludes.iter().map(never)).collect();
        let constraints = self.write("constraints.txt", &self.demand.constraints)?;
        let overrides = self.write("overrides.txt", &overrides)?;
        let settings = match self.metadata.is_empty() {
            true => None,
            false => {
                let known: Vec<StaticMetadata> = self.metadata.values().cloned().collect();
                self.write("uv.toml", &[settings_with(self.project, &known)?])?
            }
        };
        let resolver = self.resolver;
        let compile = Compile {
            program: &resolver.uv.path,
            project: self.project.root(),
            cache: &resolver.cache.join("uv"),
            variables: resolver.variables,
            index: resolver.index,
            target: self.target,
            telling: self.telling.clone(),
            demand: self.demand,
            from_source: self.from_source.iter().map(ToString::to_string).collect(),
            constraints: constraints.as_deref(),
            overrides: overrides.as_deref(),
            settings: settings.as_deref(),
        };
        let program = resolver.uv.path.display().to_string();
        let outcome =
            resolver.runner.run(&compile.process()).map_err(|source| PypiError::Run { program, source })?;
        if !outcome.success {
            return Ok(Err(outcome.said()));
        }
        let answer = String::from_utf8_lossy(&outcome.output);
        read_pylock("the resolver's answer", &answer, &MarkerEnvironment::new(self.target)).map(Ok)
    }

    /// Makes the next run differ; false when there is nothing to change.
    fn learn(&mut self, said: &str) -> Result<bool, PypiError> {
        match understand(said) {
            Failure::NoWheels(names) => {
                let before = self.from_source.len();
                self.from_source.extend(names);
                Ok(self.from_source.len() > before)
            }
            Failure::NeedsMetadata(name, source) => {
                let key = (name.clone(), source.clone());
                if self.metadata.contains_key(&key) {
                    return Ok(false);
                }
                let resolver = self.resolver;
                let metadata =
                    fetch_static_metadata(resolver.index, resolver.fetcher, resolver.store, &name, &source)?;
                self.metadata.insert(key, metadata);
                Ok(true)
            }
            Failure::DescriptionRefused if matches!(self.telling, Telling::Description(_)) => {
                self.telling = Telling::Options;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn write(&self, name: &str, lines: &[String]) -> Result<Option<PathBuf>, PypiError> {
        if lines.is_empty() {
            return Ok(None);
        }
        let path = self.scratch.join(name);
        fs::write(&path, lines.join("\n") + "\n")
            .map_err(|source| PypiError::Read { file: name.to_owned(), source })?;
        Ok(Some(path))
    }
}

/// Each attempt learns of at least one distribution; no real project has as many without wheels.
const MAX_ATTEMPTS: usize = 64;

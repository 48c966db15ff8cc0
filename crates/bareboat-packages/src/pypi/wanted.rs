//! What one dependency source asks for on a target: pins that need no resolver, or a demand for one.

use std::collections::{BTreeMap, BTreeSet};

use super::complete::AllowedDigests;
use super::declared::Declared;
use super::error::{Place, PypiError};
use super::locks::{
    LockContext, Locked, read_pdm_lock, read_pipfile_lock, read_poetry_lock, read_pylock, read_uv_lock,
};
use super::name::DistributionName;
use super::pin::{Origin, Pin};
use super::project::ProjectDir;
use super::redact::redact_text;
use super::requirement::{MarkerEnvironment, Requirement, Wanted as WantedVersions};
use super::requirements_txt::{Entry, EntryKind, IndexOptions, RequirementsFile};
use super::sources::{DependencySource, SourceKind};
use super::uv::Demand;

/// What a source asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Distributions that are settled: locked ones, and directories of the project.
    pub(super) pins: Vec<Pin>,
    /// What is left to resolve.
    pub(super) demand: Option<Demand>,
    /// Which files may be taken.
    pub(super) digests: AllowedDigests,
    /// Where the source says that files come from.
    pub(super) options: IndexOptions,
}

/// Reads `source` of `project`, whose extras and groups are those of `environment`.
pub(super) fn read_wanted(
    project: &ProjectDir,
    source: &DependencySource,
    environment: &MarkerEnvironment,
    variables: &BTreeMap<String, String>,
) -> Result<Wanted, PypiError> {
    let text = || project.require(&source.file);
    let locked = |locked: Locked| Wanted { pins: locked.pins, options: locked.options, ..Wanted::default() };
    let text_of_lock = if source.kind.is_lock() { text()? } else { String::new() };
    let context = LockContext { project, file: &source.file, text: &text_of_lock, environment };
    match source.kind {
        SourceKind::UvLock => read_uv_lock(&context).map(locked),
        SourceKind::PoetryLock => with_root(project, environment, locked(read_poetry_lock(&context)?)),
        SourceKind::PdmLock => with_root(project, environment, locked(read_pdm_lock(&context)?)),
        SourceKind::PipfileLock => read_pipfile_lock(&context).map(locked),
        SourceKind::Pylock => read_pylock(&source.file, &text_of_lock, environment).map(locked),
        SourceKind::Requirements => {
            let file = RequirementsFile::read(project, &source.file, variables)?;
            from_requirements(project, &source.file, file, environment)
        }
        _ => from_declared(project, source, environment),
    }
}

fn from_requirements(
    project: &ProjectDir,
    source: &str,
    file: RequirementsFile,
    environment: &MarkerEnvironment,
) -> Result<Wanted, PypiError> {
    let mut collected = Collected::new(project, environment);
    for entry in &file.entries {
        collected.add_entry(entry)?;
    }
    let Collected { mut demand, pins, by_name, pinned, .. } = collected;
    for entry in &file.constraints {
        if let EntryKind::Named(requirement) = &entry.wanted
            && requirement.applies(environment)
        {
            // A constraint may not have extras, but pip writes them there.
            let plain = Requirement { extras: BTreeSet::new(), ..requirement.clone() };
            demand.constraints.push(plain.to_string());
        }
    }
    let required_by = file.options.require_hashes.then(|| source.to_owned());
    let digests = AllowedDigests { by_name, required_by };
    let options = file.options;
    // In hash-checking mode everything must be listed with a digest: such a file is a lock.
    if options.require_hashes && pinned.len() == demand.requirements.len() && options.find_links.is_empty() {
        let pins = pins.into_iter().chain(pinned).collect();
        return Ok(Wanted { pins, demand: None, digests, options });
    }
    demand.no_dependencies = options.require_hashes;
    demand.options = options.clone();
    Ok(Wanted { pins, demand: Some(demand), digests, options })
}

fn from_declared(
    project: &ProjectDir,
    source: &DependencySource,
    environment: &MarkerEnvironment,
) -> Result<Wanted, PypiError> {
    let declared =
        Declared::read_source(project, source, environment)?.ok_or_else(|| PypiError::Unsupported {
            place: Place::file(&source.file),
            what: "it declares no dependencies".to_owned(),
            instead: "list them in `requirements.txt` or under `[project]` of `pyproject.toml`".to_owned(),
        })?;
    let options = declared.options.clone();
    let mut collected = Collected::new(project, environment);
    if declared.has_uv_sources {
        collected.demand.project_file = Some(source.file.clone());
        collected.demand.extras = environment.extras.iter().map(ToString::to_string).collect();
        collected.demand.groups = environment.groups.iter().map(ToString::to_string).collect();
    } else {
        collected.add_declared(&declared, ".", environment)?;
    }
    let root = root_pin(&declared);
    let Collected { mut demand, pins, by_name, .. } = collected;
    demand.options = options.clone();
    let digests = AllowedDigests { by_name, required_by: None };
    Ok(Wanted { pins: pins.into_iter().chain(root).collect(), demand: Some(demand), digests, options })
}

/// Adds the project itself, which neither Poetry nor PDM lists in its lock.
fn with_root(
    project: &ProjectDir,
    environment: &MarkerEnvironment,
    mut wanted: Wanted,
) -> Result<Wanted, PypiError> {
    // What it depends on is locked, so it does not matter here if only a build could tell that.
    let declared = Declared::read(project, environment).ok().flatten();
    wanted.pins.extend(declared.as_ref().and_then(root_pin));
    Ok(wanted)
}

/// The project itself, when it is something that gets installed.
fn root_pin(declared: &Declared) -> Option<Pin> {
    let name = declared.name.clone().filter(|_| declared.is_package)?;
    let origin = Origin::Directory { path: ".".to_owned(), editable: false };
    Some(Pin::new(name, declared.version.clone(), origin))
}

/// Requirements on their way to a demand.
struct Collected<'a> {
    project: &'a ProjectDir,
    environment: &'a MarkerEnvironment,
    demand: Demand,
    /// Directories of the project.
    pins: Vec<Pin>,
    by_name: BTreeMap<DistributionName, BTreeSet<bareboat_store::Digest>>,
    /// Requirements that are one version each.
    pinned: Vec<Pin>,
}

impl<'a> Collected<'a> {
    fn new(project: &'a ProjectDir, environment: &'a MarkerEnvironment) -> Self {
        let (demand, pins, by_name, pinned) = Default::default();
        Self { project, environment, demand, pins, by_name, pinned }
    }

    fn add_entry(&mut self, entry: &Entry) -> Result<(), PypiError> {
        match &entry.wanted {
            EntryKind::Named(requirement) if requirement.applies(self.environment) => {
                let digests = self.by_name.entry(requirement.name.clone()).or_default();
                digests.extend(&entry.digests);
                self.add_requirement(requirement);
            }
            EntryKind::Directory { path, extras, marker } => {
                if marker.as_ref().is_none_or(|marker| marker.evaluate(self.environment)) {
                    self.add_directory(path, extras, &entry.place)?;
                }
            }
            EntryKind::Named(_) => {}
        }
        Ok(())
    }

    fn add_requirement(&mut self, requirement: &Requirement) {
        if let Some(version) = requirement.pinned() {
            self.pinned.push(Pin::new(requirement.name.clone(), Some(version), Origin::Index));
        }
        let mut line = Requirement { marker: None, ..requirement.clone() };
        if let WantedVersions::Url(url) = &line.wanted
            && !url.contains(':')
            && !url.starts_with('/')
        {
            line.wanted = WantedVersions::Url(format!("./{url}"));
        }
        self.demand.requirements.push(line.to_string());
    }

    /// A directory is built from the project; what it depends on is resolved with everything else.
    fn add_directory(
        &mut self,
        path: &str,
        extras: &BTreeSet<DistributionName>,
        place: &Place,
    ) -> Result<(), PypiError> {
        let known = |pin: &Pin| matches!(&pin.origin, Origin::Directory { path: known, .. } if known == path);
        if self.pins.iter().any(known) {
            return Ok(());
        }
        let environment = self.environment.with_extras(extras.clone());
        let inside = self.project.inside(path);
        let declared = Declared::read(&inside, &environment)?;
        let named = declared.and_then(|declared| Some((declared.name.clone()?, declared)));
        let (name, declared) = named.ok_or_else(|| PypiError::Unsupported {
            place: place.clone(),
            what: format!("only a build of `{}` can tell its name and what it depends on", redact_text(path)),
            instead: format!("describe it under `[project]` of `{path}/pyproject.toml`"),
        })?;
        let origin = Origin::Directory { path: path.to_owned(), editable: false };
        self.demand.excludes.insert(name.clone());
        self.pins.push(Pin::new(name, declared.version.clone(), origin));
        self.add_declared(&declared, path, &environment)
    }

    fn add_declared(
        &mut self,
        declared: &Declared,
        directory: &str,
        environment: &MarkerEnvironment,
    ) -> Result<(), PypiError> {
        for dependency in declared.wanted(environment) {
            match &dependency.origin {
                Some(Origin::Directory { path, .. }) => {
                    let path = if directory == "." { path.clone() } else { format!("{directory}/{path}") };
                    self.add_directory(&path, &dependency.requirement.extras, &Place::file(&declared.file))?;
                }
                Some(Origin::Git { url, commit, subdirectory }) => {
                    let below =
                        subdirectory.as_ref().map(|path| format!("#subdirectory={path}")).unwrap_or_default();
                    let wanted = WantedVersions::Url(format!("git+{url}@{commit}{below}"));
                    self.add_requirement(&Requirement { wanted, ..dependency.requirement.clone() });
                }
                _ => self.add_requirement(&dependency.requirement),
            }
        }
        Ok(())
    }
}

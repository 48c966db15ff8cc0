//! From the project along every edge whose marker holds.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use pep440_rs::Version;

use super::super::LockContext;
use super::super::toml_file::line_with;
use super::format::{Dependency, Package, UvLock};
use super::source::{files, origin};
use crate::pypi::declared::uv_default_groups;
use crate::pypi::error::{Place, PypiError};
use crate::pypi::name::DistributionName;
use crate::pypi::pin::Pin;
use crate::pypi::requirement::{Marker, MarkerEnvironment};

/// A walk in progress.
pub(super) struct Walk<'a> {
    context: &'a LockContext<'a>,
    by_name: BTreeMap<&'a DistributionName, Vec<&'a Package>>,
    roots: Vec<&'a Package>,
    /// Target, with every active extra and group as conflict markers name them.
    environment: MarkerEnvironment,
    groups: BTreeSet<DistributionName>,
    /// Packages reached, with their extras that were followed.
    seen: BTreeMap<&'a DistributionName, (&'a Package, BTreeSet<Option<DistributionName>>)>,
    required_by: BTreeMap<&'a DistributionName, BTreeSet<DistributionName>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(context: &'a LockContext<'a>, lock: &'a UvLock) -> Result<Self, PypiError> {
        let mut by_name: BTreeMap<&DistributionName, Vec<&Package>> = BTreeMap::new();
        for package in &lock.packages {
            by_name.entry(&package.name).or_default().push(package);
        }
        let at_root = |package: &&Package| {
            let source = &package.source;
            [&source.unpackaged, &source.editable, &source.directory]
                .into_iter()
                .flatten()
                .any(|path| path == ".")
        };
        let mut roots: Vec<&Package> = lock.packages.iter().filter(at_root).collect();
        if roots.is_empty() {
            roots = lock
                .packages
                .iter()
                .filter(|package| lock.manifest.members.contains(&package.name))
                .collect();
        }
        let mut groups = context.environment.groups.clone();
        let defaults = uv_default_groups(context.project)?;
        groups.extend(defaults.into_iter().filter(|group| group.as_str() != "dev"));
        let mut environment = context.environment.clone();
        for root in &roots {
            let name = root.name.as_str();
            let conflict =
                |kind: &str, part: &DistributionName| format!("{kind}-{}-{name}-{part}", name.len());
            let extras = context.environment.extras.iter().map(|extra| conflict("extra", extra));
            environment.raw_extras.extend(extras.chain(groups.iter().map(|group| conflict("group", group))));
            environment.raw_extras.insert(format!("project-{}-{name}", name.len()));
        }
        let (seen, required_by) = Default::default();
        Ok(Self { context, by_name, roots, environment, groups, seen, required_by })
    }

    pub(super) fn run(mut self) -> Result<Vec<Pin>, PypiError> {
        for root in self.roots.clone() {
            self.follow(root, root, None)?;
            let extras: Vec<DistributionName> = self.context.environment.extras.iter().cloned().collect();
            for extra in extras.iter().filter(|extra| root.optional_dependencies.contains_key(extra)) {
                self.follow(root, root, Some(extra.clone()))?;
            }
            let groups = self.groups.clone();
            for dependency in groups.iter().filter_map(|group| root.dev_dependencies.get(group)).flatten() {
                self.depend(root, dependency)?;
            }
        }
        let mut pins = Vec::new();
        for (name, (package, _)) in &self.seen {
            let broken = |why: String| self.broken(package, &why);
            let Some(origin) = origin(package).map_err(broken)? else { continue };
            let version = package.version.as_deref().map(Version::from_str).transpose();
            let version = version.map_err(|_| self.broken(package, "its version is not one"))?;
            let files = files(package).map_err(|why| self.broken(package, &why))?;
            let required_by = self.required_by.get(name).cloned().unwrap_or_default();
            pins.push(Pin { name: package.name.clone(), version, origin, files, required_by });
        }
        Ok(pins)
    }

    /// Follows the dependencies of `package`, those of `extra` if one is given.
    fn follow(
        &mut self,
        from: &'a Package,
        package: &'a Package,
        extra: Option<DistributionName>,
    ) -> Result<(), PypiError> {
        let mut pending = vec![(from, package, extra)];
        while let Some((from, package, extra)) = pending.pop() {
            if !std::ptr::eq(from, package) && !self.roots.iter().any(|root| std::ptr::eq(*root, from)) {
                self.required_by.entry(&package.name).or_default().insert(from.name.clone());
            }
            let known = self.seen.entry(&package.name).or_insert((package, BTreeSet::new()));
            if !std::ptr::eq(known.0, package) {
                return Err(self.broken(package, "two versions of it are needed at once"));
            }
            if !known.1.insert(extra.clone()) {
                continue;
            }
            let dependencies = match &extra {
                None => &package.dependencies,
                Some(extra) => match package.optional_dependencies.get(extra) {
                    Some(dependencies) => dependencies,
                    // An extra that does not exist installs nothing, as with every installer.
                    None => continue,
                },
            };
            for dependency in dependencies {
                pending.extend(self.edges(package, dependency)?);
            }
        }
        Ok(())
    }

    fn depend(&mut self, from: &'a Package, dependency: &'a Dependency) -> Result<(), PypiError> {
        for (from, package, extra) in self.edges(from, dependency)? {
            self.follow(from, package, extra)?;
        }
        Ok(())
    }

    /// The package that `dependency` means, once plain and once per extra; nothing when its marker does not hold.
    #[allow(clippy::type_complexity)]
    fn edges(
        &self,
        from: &'a Package,
        dependency: &'a Dependency,
    ) -> Result<Vec<(&'a Package, &'a Package, Option<DistributionName>)>, PypiError> {
        if let Some(text) = &dependency.marker {
            let marker =
                Marker::from_str(text).map_err(|error| PypiError::syntax(self.place(text), error))?;
            if !marker.evaluate(&self.environment) {
                return Ok(Vec::new());
            }
        }
        let package = self.find(dependency)?;
        let extras = dependency.extra.iter().map(|extra| Some(extra.clone()));
        Ok([None].into_iter().chain(extras).map(|extra| (from, package, extra)).collect())
    }

    fn find(&self, dependency: &Dependency) -> Result<&'a Package, PypiError> {
        let missing =
            || PypiError::NotLocked { file: self.context.file.to_owned(), name: dependency.name.clone() };
        let candidates = self.by_name.get(&dependency.name).ok_or_else(missing)?;
        let fits = |package: &&&Package| {
            (dependency.version.is_none() || dependency.version == package.version)
                && dependency.source.as_ref().is_none_or(|source| *source == package.source)
        };
        match candidates.iter().filter(fits).collect::<Vec<_>>()[..] {
            [package] => Ok(package),
            [] => Err(missing()),
            [package, ..] => {
                Err(self.broken(package, "a dependency does not say which version of it is meant"))
            }
        }
    }

    fn place(&self, needle: &str) -> Place {
        Place { file: self.context.file.to_owned(), line: line_with(self.context.text, needle) }
    }

    fn broken(&self, package: &Package, why: &str) -> PypiError {
        PypiError::syntax(
            self.place(&format!("name = \"{}\"", package.name)),
            format!("`{}`: {why}", package.name),
        )
    }
}

//! Brings everything a lock names into the store.

use bareboat_packages::deb::LockedDeb;
use bareboat_packages::pypi::{DistributionKind, LockedDistribution};
use bareboat_store::{Digest, Request as Download};

use super::{debian, python};
use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::compose::WheelInput;
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::project::Project;
use crate::app::sdist::BuiltWheels;

/// What lies in the store now.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// Debian packages: name, version, the `.deb`.
    pub packages: Vec<(String, String, Digest)>,
    /// Wheels.
    pub wheels: Vec<WheelInput>,
}

/// Fetches what is not in the store yet; nothing that is there is read or asked for again. `built` are the wheels made of
/// source distributions, which are not fetched here.
///
/// # Errors
/// A download that fails, or a digest that differs.
pub fn fetch(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    config: &Config,
    project: &Project,
    locked: &Locked,
    built: &BuiltWheels,
) -> Result<Fetched, BuildError> {
    let packages = debs(workshop, request, config, &locked.packages)?;
    let wheels = wheels(workshop, request, project, locked, built)?;
    Ok(Fetched { packages, wheels })
}

/// Fetches the wheels.
///
/// # Errors
/// As [`fetch`].
pub fn wheels(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    locked: &Locked,
    built: &BuiltWheels,
) -> Result<Vec<WheelInput>, BuildError> {
    let absent: Vec<LockedDistribution> = locked
        .distributions
        .iter()
        .filter(|one| python::directory(one).is_none() && one.kind == DistributionKind::Wheel)
        .cloned()
        .collect();
    files(workshop, request, project, &absent)?;
    python::wheels(locked, built)
}

/// Fetches the files of those of `distributions` that are not in the store yet.
///
/// # Errors
/// As [`fetch`].
pub fn files(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    distributions: &[LockedDistribution],
) -> Result<(), BuildError> {
    let absent: Vec<LockedDistribution> = distributions
        .iter()
        .filter(|one| one.sha256.is_none_or(|digest| !workshop.store.contains(&digest)))
        .cloned()
        .collect();
    if !absent.is_empty() {
        python::fetch(workshop, request, project, &absent)?;
    }
    Ok(())
}

/// Fetches Debian packages: name, version, the `.deb`.
///
/// # Errors
/// As [`fetch`].
pub fn debs(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    config: &Config,
    packages: &[LockedDeb],
) -> Result<Vec<(String, String, Digest)>, BuildError> {
    let mut downloads: Vec<Download> = Vec::new();
    let absent: Vec<&LockedDeb> =
        packages.iter().filter(|package| !workshop.store.contains(&package.sha256)).collect();
    if !absent.is_empty() {
        let mirrors = debian::mirrors(request, config)?;
        downloads.extend(absent.iter().map(|package| package.request(&mirrors)));
    }
    for result in workshop.fetcher.fetch_all(workshop.store, &downloads) {
        result?;
    }
    Ok(packages.iter().map(|one| (one.name.clone(), one.version.to_string(), one.sha256)).collect())
}

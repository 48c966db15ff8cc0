//! Which locked packages and distributions have newer versions.

use std::collections::BTreeMap;

use bareboat_packages::deb::{ArchiveKind, compare_versions};
use serde::Serialize;

use super::build::{Request, Workshop, prepare};
use super::lock::LockFile;
use super::resolve;
use super::target::Target;
use crate::BuildError;

/// Something newer than what is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newer {
    /// Debian package or distribution.
    pub name: String,
    /// The locked version.
    pub locked: String,
    /// The version there is.
    pub available: String,
    /// It fixes a security hole: it comes from the security archive.
    pub security: bool,
}

/// What a new lock would change, security fixes first, then by name.
///
/// # Errors
/// There is no lock; the archives cannot be asked.
pub fn outdated(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<Vec<Newer>, BuildError> {
    let prepared = prepare(workshop, request)?;
    let old = LockFile::read(&prepared.project.root)?.ok_or(BuildError::Unlocked { stale: false })?;
    let new = resolve::fresh(workshop, request, &prepared.project, &prepared.config)?;
    let architecture = Target::new(old.release()?, request.host)?.architecture;
    let (old, new) = (old.locked(architecture)?, new.locked(architecture)?);
    let mut newer = Vec::new();
    let before: BTreeMap<&str, &str> =
        old.packages.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect();
    for package in &new.packages {
        let Some(locked) = before.get(package.name.as_str()) else { continue };
        if compare_versions(package.version.as_str(), locked).is_gt() {
            newer.push(Newer {
                name: package.name.clone(),
                locked: (*locked).to_owned(),
                available: package.version.to_string(),
                security: package.archive == ArchiveKind::Security,
            });
        }
    }
    for one in &new.distributions {
        let locked = old.distributions.iter().find(|locked| locked.name == one.name);
        if let Some(locked) = locked.filter(|locked| locked.version != one.version) {
            newer.push(Newer {
                name: one.name.to_string(),
                locked: locked.version.clone().unwrap_or_default(),
                available: one.version.clone().unwrap_or_default(),
                security: false,
            });
        }
    }
    newer.sort_by(|a, b| (!a.security, &a.name).cmp(&(!b.security, &b.name)));
    Ok(newer)
}

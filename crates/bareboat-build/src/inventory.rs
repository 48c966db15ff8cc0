//! Everything inside an image, as data: packages, distributions, and who brought each file and why.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::pypi::DistributionKind;
use bareboat_store::{Digest, Store};
use serde::{Deserialize, Serialize};

use crate::BuildError;
use crate::app::compose::Composition;
use crate::app::lock::Locked;
use crate::plan::Origin;

/// The inventory of one image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inventory {
    /// Format version.
    pub version: u32,
    /// Who brought something, in the order of the image's composition.
    pub origins: Vec<Owner>,
    /// Index into `origins`, by path; directories are left out.
    pub files: BTreeMap<TreePath, usize>,
    /// Why a file that bareboat wrote is there, by path.
    #[serde(default)]
    pub reasons: BTreeMap<TreePath, String>,
}

/// Somebody who brought files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Owner {
    /// Who.
    pub origin: Origin,
    /// Why it is in the image, one sentence.
    pub reason: String,
    /// Bytes of its files.
    pub visible: u64,
    /// For a Debian package: what its maintainer scripts do, and what stands for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<(String, String)>,
}

impl Inventory {
    /// The inventory of a composition.
    pub fn new(composition: &Composition, locked: &Locked) -> Self {
        let origins = composition.steps.iter().zip(&composition.pieces).map(|(step, piece)| Owner {
            origin: step.origin.clone(),
            reason: reason(&step.origin, locked),
            visible: piece.visible(),
            replaced: piece.debian.as_ref().map(|facts| facts.covered.clone()).unwrap_or_default(),
        });
        let is_file = |path: &TreePath| {
            composition
                .merged
                .tree
                .get(path)
                .is_some_and(|entry| entry.kind != bareboat_image::Kind::Directory)
        };
        let files = composition.merged.owner.iter().filter(|(path, _)| is_file(path));
        let is_generated = |path: &TreePath| composition.origin(path) == Some(&Origin::Generated);
        let reasons = composition.reasons.iter().filter(|(path, _)| is_file(path) && is_generated(path));
        let reasons = reasons.map(|(path, because)| (path.clone(), (*because).to_owned()));
        Self {
            version: 1,
            origins: origins.collect(),
            files: files.map(|(path, owner)| (path.clone(), *owner)).collect(),
            reasons: reasons.collect(),
        }
    }

    /// Writes it beside the image's manifest.
    ///
    /// # Errors
    /// The store.
    pub fn store(&self, store: &Store, manifest: &Digest) -> Result<Digest, BuildError> {
        let bytes = serde_json::to_vec(self).expect("paths and indices");
        let digest = store.insert(&bytes)?;
        store.put_action(&Self::key(manifest), digest.to_string().as_bytes())?;
        Ok(digest)
    }

    /// The inventory of the image with this manifest; `None` when it was not built here.
    ///
    /// # Errors
    /// The store.
    pub fn of(store: &Store, manifest: &Digest) -> Result<Option<Self>, BuildError> {
        const LARGEST: u64 = 256 << 20;
        let Some(record) = store.action(&Self::key(manifest)) else { return Ok(None) };
        let Some(digest) = std::str::from_utf8(&record).ok().and_then(|text| text.parse().ok()) else {
            return Ok(None);
        };
        Ok(serde_json::from_slice(&store.read(&digest, LARGEST)?).ok())
    }

    fn key(manifest: &Digest) -> Digest {
        Digest::of(format!("inventory {manifest}"))
    }
}

/// Why somebody's files are in the image.
fn reason(origin: &Origin, locked: &Locked) -> String {
    match origin {
        Origin::Debian { name, .. } => {
            let package = locked.packages.iter().chain(&locked.debug).find(|package| package.name == *name);
            package.map(|package| package.reason.clone()).unwrap_or_default()
        }
        Origin::Python { name, .. } => {
            let found = locked.distributions.iter().find(|one| one.name.as_str() == name);
            let built = found.is_some_and(|one| one.kind == DistributionKind::Sdist);
            let how = if built { "; built from its source distribution" } else { "" };
            let by: Vec<&str> =
                found.iter().flat_map(|one| &one.required_by).map(|name| name.as_str()).collect();
            if by.is_empty() {
                format!("the application asks for it{how}")
            } else {
                format!("required by {}{how}", by.join(", "))
            }
        }
        Origin::Application => "a file of the application's directory".to_owned(),
        Origin::Generated => "written by bareboat in place of maintainer scripts and installers".to_owned(),
        Origin::Bytecode { of } => format!("so that {of} starts without compiling"),
    }
}

//! One index of what several machines pushed.

use std::collections::{BTreeMap, BTreeSet};

use super::copy::digested;
use super::exchange::Repository;
use super::push::Supply;
use super::{PullOptions, PushEvent, Pushed, Registries, RegistryError};
use crate::image::write_index;
use crate::media_type::{self, Document};
use crate::{Descriptor, ImageConfig, Index, Manifest, Reference};

/// An index that is in its repository now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The index.
    pub descriptor: Descriptor,
    /// Its images, with their platforms.
    pub images: Vec<Descriptor>,
    /// What travelled from other repositories.
    pub pushed: Pushed,
}

impl Registries<'_> {
    /// Lists the images at `parts`, single ones and those of indexes, in one index at `to`. Images of other repositories
    /// are copied. The order of `parts` does not matter.
    ///
    /// # Errors
    /// [`RegistryError::Conflict`] for two images of one platform; as [`Registries::copy`].
    pub fn merge(
        &self,
        parts: &[Reference],
        to: &Reference,
        observer: &(dyn Fn(PushEvent) + Sync),
    ) -> Result<Merged, RegistryError> {
        let mut pushed = Pushed::default();
        let mut images: Vec<Descriptor> = Vec::new();
        for part in parts {
            let (source, top) = self.found(part, &PullOptions::default())?;
            for image in self.images(&source, part, &top)? {
                if !images.iter().any(|known| known.digest == image.digest) {
                    images.push(image);
                }
            }
            if part.name() != to.name() {
                let bring = |blob: &Descriptor| self.fetch(&source, std::slice::from_ref(blob));
                let supply = Supply { from: part, bring: &bring };
                pushed.add(self.send(&top, &digested(to, &top)?, Some(supply), observer)?);
            }
        }
        images.sort_by_key(|image| (is_artifact(image), name(image), image.digest));
        check(&images)?;
        let descriptor = write_index(self.store, images.clone(), BTreeMap::new())?;
        let bytes = self.store.read(&descriptor.digest, crate::json::MAX_DOCUMENT)?;
        let at = to.tag().map_or_else(|| descriptor.digest.to_string(), str::to_owned);
        self.repository(to)?.put_manifest(&at, &descriptor.media_type, &bytes)?;
        Ok(Merged { descriptor, images, pushed })
    }

    /// The images that `top` is or lists, with their platforms.
    fn images(
        &self,
        source: &Repository<'_>,
        part: &Reference,
        top: &Descriptor,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        if media_type::document(&top.media_type) == Some(Document::Index) {
            return Ok(self.read(part, top, Index::parse)?.manifests);
        }
        let manifest = self.read(part, top, Manifest::parse)?;
        self.fetch(source, std::slice::from_ref(&manifest.config))?;
        let config: ImageConfig = self.read(part, &manifest.config, ImageConfig::parse)?;
        let plain = Descriptor::new(top.media_type.as_str(), top.digest, top.size);
        Ok(vec![Descriptor { platform: Some(config.platform), ..plain }])
    }
}

/// BuildKit lists its attestations as images of no platform.
fn is_artifact(image: &Descriptor) -> bool {
    image.platform.as_ref().is_none_or(|platform| platform.os == "unknown")
}

fn name(image: &Descriptor) -> String {
    image.platform.as_ref().map(|platform| platform.normalized().to_string()).unwrap_or_default()
}

fn check(images: &[Descriptor]) -> Result<(), RegistryError> {
    let mut seen = BTreeSet::new();
    for image in images.iter().filter(|image| !is_artifact(image)) {
        let platform = name(image);
        if !seen.insert(platform.clone()) {
            let first = images.iter().find(|other| name(other) == platform);
            let one = first.map_or(image.digest, |first| first.digest);
            return Err(RegistryError::Conflict { platform, one, other: image.digest });
        }
    }
    Ok(())
}

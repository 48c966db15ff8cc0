//! From one repository to another, without unpacking: documents as they are, blobs only where they are missing.

use super::push::Supply;
use super::{PullOptions, PushEvent, Pushed, Registries, RegistryError};
use crate::image::blobs;
use crate::media_type;
use crate::{Descriptor, Reference};

/// What to copy of an image.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// Which platforms, as for a pull.
    pub pull: PullOptions,
    /// Also what refers to the image: bills of materials, provenance, signatures.
    pub referrers: bool,
}

/// An image that is at its destination now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its manifest or index.
    pub descriptor: Descriptor,
    /// What travelled.
    pub pushed: Pushed,
    /// How many artifacts that refer to it came along.
    pub referrers: usize,
}

impl Registries<'_> {
    /// Copies the image at `from` to `to`. A blob that the destination has is not touched, one that its registry has is
    /// mounted there, and only others pass through the store.
    ///
    /// # Errors
    /// As [`Registries::pull`] and [`Registries::push`]; the destination's tag is set last.
    pub fn copy(
        &self,
        from: &Reference,
        to: &Reference,
        options: &CopyOptions,
        observer: &(dyn Fn(PushEvent) + Sync),
    ) -> Result<Copied, RegistryError> {
        let (source, descriptor) = self.found(from, &options.pull)?;
        let bring = |blob: &Descriptor| self.fetch(&source, std::slice::from_ref(blob));
        let supply = Supply { from, bring: &bring };
        let mut pushed = self.send(&descriptor, to, Some(supply), observer)?;
        let mut referrers = 0;
        if options.referrers {
            for referrer in self.all_referrers(from, &descriptor)? {
                let (from, to) = (digested(from, &referrer)?, digested(to, &referrer)?);
                let (source, _) = self.found(&from, &PullOptions::default())?;
                let bring = |blob: &Descriptor| self.fetch(&source, std::slice::from_ref(blob));
                let supply = Supply { from: &from, bring: &bring };
                pushed.add(self.send(&referrer, &to, Some(supply), observer)?);
                referrers += 1;
            }
        }
        Ok(Copied { descriptor, pushed, referrers })
    }

    /// What refers to any of an image's documents, and what refers to that, each before what refers to it.
    fn all_referrers(&self, from: &Reference, top: &Descriptor) -> Result<Vec<Descriptor>, RegistryError> {
        let documents = blobs(self.store, top)?;
        let mut pending: Vec<Descriptor> =
            documents.into_iter().filter(|blob| media_type::document(&blob.media_type).is_some()).collect();
        let mut found: Vec<Descriptor> = Vec::new();
        while let Some(subject) = pending.pop() {
            for referrer in self.referrers(&digested(from, &subject)?, None)? {
                let is_known = found.iter().any(|known| known.digest == referrer.digest);
                if !is_known && found.len() < MOST_REFERRERS {
                    pending.push(referrer.clone());
                    found.push(referrer);
                }
            }
        }
        Ok(found)
    }
}

/// The repository of `reference` with a digest and no tag.
pub(super) fn digested(reference: &Reference, document: &Descriptor) -> Result<Reference, RegistryError> {
    let text = format!("{}@{}", reference.name(), document.digest);
    text.parse().map_err(|error: crate::ReferenceError| RegistryError::Answer {
        what: format!("name `{text}`"),
        reason: error.to_string(),
    })
}

/// Artifacts of one image that are copied with it.
const MOST_REFERRERS: usize = 1000;

//! From a registry into the store.

use std::collections::BTreeMap;

use bareboat_store::{Digest, Request, StoreError};

use super::exchange::{Access, Repository};
use super::{Registries, RegistryError};
use crate::json::DocumentError;
use crate::media_type::{self, Document};
use crate::{Descriptor, Index, Manifest, Platform, Reference};

/// What is wanted of an image.
#[derive(Debug, Clone, Default)]
pub struct PullOptions {
    /// Of an index, the images of these platforms only; all when empty.
    pub platforms: Vec<Platform>,
}

/// An image that lies in the store now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The manifest or index; of an index of which one image was wanted, that image's manifest.
    pub descriptor: Descriptor,
    /// Blobs that came over the network.
    pub fetched: usize,
    /// Their bytes.
    pub fetched_bytes: u64,
    /// Blobs that were in the store already.
    pub present: usize,
}

impl Registries<'_> {
    /// The descriptor of what `reference` names, without its blobs; the document is in the store.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], a document that is none or not the one its digest says, and the network's.
    pub fn resolve(&self, reference: &Reference) -> Result<Descriptor, RegistryError> {
        self.anywhere(reference, |repository| {
            document(repository, self, &at(reference), reference.digest(), None)
        })
    }

    /// Brings an image into the store.
    ///
    /// Layers that the store has are not asked for. Everything is checked by digest; what fails leaves nothing behind
    /// that has a name.
    ///
    /// # Errors
    /// As [`Registries::resolve`]; [`RegistryError::NoPlatform`].
    pub fn pull(&self, reference: &Reference, options: &PullOptions) -> Result<Pulled, RegistryError> {
        self.anywhere(reference, |repository| self.pull_from(repository, reference, options))
    }

    fn pull_from(
        &self,
        repository: &Repository<'_>,
        reference: &Reference,
        options: &PullOptions,
    ) -> Result<Pulled, RegistryError> {
        let (descriptor, manifests) = self.documents(repository, reference, options)?;
        let mut blobs: BTreeMap<Digest, Descriptor> = BTreeMap::new();
        for manifest in &manifests {
            let manifest: Manifest = self.read(reference, manifest, Manifest::parse)?;
            for blob in [manifest.config].into_iter().chain(manifest.layers) {
                blobs.entry(blob.digest).or_insert(blob);
            }
        }
        let total = blobs.len();
        blobs.retain(|digest, _| !self.store.contains(digest));
        let fetched_bytes = blobs.values().map(|blob| blob.size).sum();
        let (fetched, present) = (blobs.len(), total - blobs.len());
        let blobs: Vec<Descriptor> = blobs.into_values().collect();
        self.fetch(repository, &blobs)?;
        for blob in &blobs {
            self.remember(reference, &blob.digest)?;
        }
        Ok(Pulled { descriptor, fetched, fetched_bytes, present })
    }

    /// What is wanted of `reference`, with its documents in the store, and the repository that gave them.
    pub(super) fn found(
        &self,
        reference: &Reference,
        options: &PullOptions,
    ) -> Result<(Repository<'_>, Descriptor), RegistryError> {
        self.anywhere(reference, |repository| {
            let (descriptor, _) = self.documents(repository, reference, options)?;
            Ok((repository.clone(), descriptor))
        })
    }

    /// What is wanted of `reference`, and its manifests; all of these documents are in the store.
    fn documents(
        &self,
        repository: &Repository<'_>,
        reference: &Reference,
        options: &PullOptions,
    ) -> Result<(Descriptor, Vec<Descriptor>), RegistryError> {
        let top = document(repository, self, &at(reference), reference.digest(), None)?;
        match media_type::document(&top.media_type) {
            Some(Document::Index) => self.children(repository, reference, top, options),
            _ => Ok((top.clone(), vec![top])),
        }
    }

    /// The images of an index that are wanted, with their documents in the store.
    fn children(
        &self,
        repository: &Repository<'_>,
        reference: &Reference,
        top: Descriptor,
        options: &PullOptions,
    ) -> Result<(Descriptor, Vec<Descriptor>), RegistryError> {
        let index: Index = self.read(reference, &top, Index::parse)?;
        let images: Vec<&Descriptor> = index
            .manifests
            .iter()
            .filter(|child| media_type::document(&child.media_type) == Some(Document::Manifest))
            .collect();
        let bring = |child: &Descriptor| {
            let at = child.digest.to_string();
            document(repository, self, &at, Some(&child.digest), Some(child))
        };
        if options.platforms.is_empty() {
            let manifests = images.into_iter().map(bring).collect::<Result<_, _>>()?;
            return Ok((top, manifests));
        }
        let mut wanted = Vec::new();
        for platform in &options.platforms {
            let found = images
                .iter()
                .find(|child| child.platform.as_ref().is_some_and(|own| own.satisfies(platform)))
                .ok_or_else(|| RegistryError::NoPlatform {
                    name: reference.familiar(),
                    wanted: platform.to_string(),
                    available: images
                        .iter()
                        .filter_map(|child| Some(child.platform.as_ref()?.to_string()))
                        .collect(),
                })?;
            wanted.push(bring(found)?);
        }
        let descriptor = match &wanted[..] {
            [only] => only.clone(),
            _ => crate::image::write_index(self.store, wanted.clone(), BTreeMap::new())?,
        };
        Ok((descriptor, wanted))
    }

    pub(super) fn read<T>(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        parse: impl FnOnce(&[u8]) -> Result<T, DocumentError>,
    ) -> Result<T, RegistryError> {
        let bytes = self.store.read(&descriptor.digest, crate::json::MAX_DOCUMENT)?;
        parse(&bytes).map_err(|source| RegistryError::Document { name: reference.familiar(), source })
    }

    /// Fetches blobs, several at a time; those that a token no longer opened again with another.
    pub(super) fn fetch(
        &self,
        repository: &Repository<'_>,
        blobs: &[Descriptor],
    ) -> Result<(), RegistryError> {
        let mut left = blobs.to_vec();
        for is_last in [false, false, false, true] {
            let authorization = repository.authorization(Access::Pull)?;
            let headers: BTreeMap<String, String> =
                authorization.iter().map(|value| ("Authorization".to_owned(), value.clone())).collect();
            let request = |blob: &Descriptor| {
                let mut urls = vec![repository.address(&format!("blobs/{}", blob.digest))];
                // Layers that may not be distributed are where their maker keeps them.
                urls.extend(blob.urls.iter().filter(|url| url.starts_with("https://")).cloned());
                Request {
                    urls,
                    digest: Some(blob.digest),
                    size: Some(blob.size),
                    limit: blob.size,
                    label: blob.digest.short(),
                    headers: headers.clone(),
                }
            };
            let requests: Vec<Request> = left.iter().map(request).collect();
            let mut refused = Vec::new();
            for (blob, result) in left.iter().zip(self.fetcher.fetch_all(self.store, &requests)) {
                match result {
                    Err(error) if !is_last && is_unauthorised(&error) => refused.push(blob.clone()),
                    result => _ = result?,
                }
            }
            if refused.is_empty() {
                return Ok(());
            }
            repository.renew(Access::Pull, authorization.as_deref());
            left = refused;
        }
        Ok(())
    }
}

/// What is asked for: the digest, which wins, or the tag.
fn at(reference: &Reference) -> String {
    match reference.digest() {
        Some(digest) => digest.to_string(),
        None => reference.tag().unwrap_or("latest").to_owned(),
    }
}

/// Brings one manifest or index into the store and checks that it is what it should be.
fn document(
    repository: &Repository<'_>,
    registries: &Registries<'_>,
    at: &str,
    expected: Option<&Digest>,
    child: Option<&Descriptor>,
) -> Result<Descriptor, RegistryError> {
    let known = expected.zip(child).filter(|(digest, _)| registries.store.contains(digest));
    if let Some((_, child)) = known {
        return Ok(child.clone());
    }
    let separator = if at.contains(':') { '@' } else { ':' };
    let name = format!("{}/{}{separator}{at}", repository.domain, repository.name);
    let Some((kind, bytes)) = repository.manifest(at)? else {
        return Err(RegistryError::NotFound { name, said: String::new() });
    };
    let found = Digest::of(&bytes);
    if expected.is_some_and(|expected| *expected != found) {
        return Err(RegistryError::Mismatch { name, found });
    }
    // The document's own word counts; a registry may say less than it knows.
    let own = crate::json::media_type(&bytes).unwrap_or(kind);
    let parsed = match media_type::document(&own) {
        Some(Document::Index) => Index::parse(&bytes).map(drop),
        Some(Document::Manifest) => Manifest::parse(&bytes).map(drop),
        None => {
            let reason = format!("it is of type `{own}`, which is no image");
            return Err(RegistryError::Answer { what: format!("give `{name}`"), reason });
        }
    };
    parsed.map_err(|source| RegistryError::Document { name, source })?;
    registries.store.insert(&bytes)?;
    let mut descriptor = Descriptor::new(own, found, bytes.len() as u64);
    descriptor.platform = child.and_then(|child| child.platform.clone());
    Ok(descriptor)
}

fn is_unauthorised(error: &StoreError) -> bool {
    matches!(error, StoreError::Fetch(bareboat_store::FetchError::Status { status: 401, .. }))
}

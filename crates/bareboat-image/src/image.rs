//! Puts images together in the store, and lists what they consist of.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::{Digest, Store, StoreError};

use crate::json::{self, DocumentError};
use crate::media_type::{self, Document};
use crate::{Descriptor, ImageConfig, Index, Layer, Manifest};

/// Writes an image's configuration and manifest; the descriptor of the manifest, with its platform.
///
/// The configuration's `rootfs` is set from `layers`, lowest first.
pub fn write_image(
    store: &Store,
    mut config: ImageConfig,
    layers: &[Layer],
    annotations: BTreeMap<String, String>,
) -> Result<Descriptor, StoreError> {
    config.root_fs.diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
    let config_bytes = config.to_bytes();
    let config_digest = store.insert(&config_bytes)?;
    let config_descriptor = Descriptor::new(media_type::CONFIG, config_digest, config_bytes.len() as u64);
    let manifest = Manifest::new(config_descriptor, layers, annotations).to_bytes();
    let digest = store.insert(&manifest)?;
    let descriptor = Descriptor::new(media_type::MANIFEST, digest, manifest.len() as u64);
    Ok(Descriptor { platform: Some(config.platform), ..descriptor })
}

/// Writes an index of `manifests`, in their order; its descriptor.
pub fn write_index(
    store: &Store,
    manifests: Vec<Descriptor>,
    annotations: BTreeMap<String, String>,
) -> Result<Descriptor, StoreError> {
    let bytes = Index { annotations, ..Index::new(manifests) }.to_bytes();
    let digest = store.insert(&bytes)?;
    Ok(Descriptor::new(media_type::INDEX, digest, bytes.len() as u64))
}

/// One image of the store with its documents read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// Where its manifest is.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub config: ImageConfig,
}

/// Reads the images that `descriptor` leads to: one for a manifest, one per platform for an index. What is not an
/// image (attestations, signatures) is left out.
pub fn read_images(store: &Store, descriptor: &Descriptor) -> Result<Vec<StoredImage>, ImageError> {
    let mut images = Vec::new();
    for (descriptor, document) in documents(store, descriptor)? {
        let Some(manifest) = document else { continue };
        if !matches!(&*manifest.config.media_type, media_type::CONFIG | media_type::DOCKER_CONFIG) {
            continue;
        }
        let bytes = store.read(&manifest.config.digest, json::MAX_DOCUMENT)?;
        let config = ImageConfig::parse(&bytes).map_err(ImageError::document(&manifest.config))?;
        images.push(StoredImage { descriptor, manifest, config });
    }
    Ok(images)
}

/// Every blob that `descriptor` needs, itself included, each once: all documents, then what the manifests list.
pub fn blobs(store: &Store, descriptor: &Descriptor) -> Result<Vec<Descriptor>, ImageError> {
    let documents = documents(store, descriptor)?;
    let mut seen: BTreeSet<Digest> = documents.iter().map(|(descriptor, _)| descriptor.digest).collect();
    let mut all: Vec<Descriptor> = documents.iter().map(|(descriptor, _)| descriptor.clone()).collect();
    for manifest in documents.into_iter().filter_map(|(_, manifest)| manifest) {
        for blob in [manifest.config].into_iter().chain(manifest.layers) {
            if seen.insert(blob.digest) {
                all.push(blob);
            }
        }
    }
    Ok(all)
}

/// The manifests and indexes that `descriptor` leads to, each once and before what it lists; an index has no
/// [`Manifest`].
fn documents(store: &Store, root: &Descriptor) -> Result<Vec<(Descriptor, Option<Manifest>)>, ImageError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![root.clone()];
    while let Some(descriptor) = pending.pop() {
        if !seen.insert(descriptor.digest) {
            continue;
        }
        if found.len() == MAX_DOCUMENTS {
            return Err(ImageError::TooMany { root: root.digest });
        }
        let bytes = store.read(&descriptor.digest, json::MAX_DOCUMENT)?;
        if bytes.len() as u64 != descriptor.size {
            return Err(ImageError::Size { digest: descriptor.digest, announced: descriptor.size });
        }
        let fail = ImageError::document(&descriptor);
        match media_type::document(&descriptor.media_type) {
            Some(Document::Manifest) => {
                let manifest = Manifest::parse(&bytes).map_err(fail)?;
                found.push((descriptor, Some(manifest)));
            }
            Some(Document::Index) => {
                let index = Index::parse(&bytes).map_err(fail)?;
                pending.extend(index.manifests.into_iter().rev());
                found.push((descriptor, None));
            }
            None => {
                let Descriptor { media_type, digest, .. } = descriptor;
                return Err(ImageError::MediaType { media_type, digest });
            }
        }
    }
    Ok(found)
}

/// Far beyond any real index; a chain of indexes can name no more.
const MAX_DOCUMENTS: usize = 1000;

/// Why an image in the store cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The store failed, or a blob of the image is missing or damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob is not the document it should be.
    #[error("blob {digest} is {error}")]
    Document {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        error: DocumentError,
    },
    /// A blob has another size than the descriptor says.
    #[error("blob {digest} does not have the {announced} bytes its descriptor announces")]
    Size {
        /// The blob.
        digest: Digest,
        /// What the descriptor says.
        announced: u64,
    },
    /// A descriptor leads neither to a manifest nor to an index.
    #[error("{digest} is a `{media_type}`, neither a manifest nor an index")]
    MediaType {
        /// The blob.
        digest: Digest,
        /// What its descriptor says it is.
        media_type: String,
    },
    /// An index leads to absurdly many documents.
    #[error("the index {root} leads to more than {MAX_DOCUMENTS} documents")]
    TooMany {
        /// The index.
        root: Digest,
    },
}

impl ImageError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(StoreError::Missing { .. } | StoreError::Corrupt { .. }) => {
                Some("the image is not complete: build or pull it again".into())
            }
            Self::Store(error) => error.hint(),
            _ => None,
        }
    }

    fn document(descriptor: &Descriptor) -> impl FnOnce(DocumentError) -> Self + use<> {
        let digest = descriptor.digest;
        move |error| Self::Document { digest, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, Platform, join};

    #[test]
    fn lists_each_blob_of_an_index_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = &Store::open(directory.path()).unwrap();
        let layer = join(store, &[], Compression::Gzip).unwrap();
        let image = |architecture: &str| {
            let config = ImageConfig::new(Platform::linux(architecture));
            write_image(store, config, std::slice::from_ref(&layer), BTreeMap::new()).unwrap()
        };
        let (one, two) = (image("amd64"), image("arm64"));
        let index = write_index(store, vec![one.clone(), two.clone()], BTreeMap::new()).unwrap();
        let all = blobs(store, &index).unwrap();
        let digests: Vec<_> = all.iter().map(|blob| blob.digest).collect();
        assert_eq!(digests[..3], [index.digest, one.digest, two.digest]);
        assert_eq!(digests.len(), 6);
        let images = read_images(store, &index).unwrap();
        assert_eq!(images[1].config.platform, Platform::linux("arm64"));
        assert_eq!(images[1].config.root_fs.diff_ids, [layer.diff_id]);
        assert_eq!(images[0].descriptor, one);
    }

    #[test]
    fn refuses_wrong_sizes_types_and_missing_blobs() {
        let directory = tempfile::tempdir().unwrap();
        let store = &Store::open(directory.path()).unwrap();
        let digest = store.insert(b"{}").unwrap();
        let error = |media_type: &str, digest, size| {
            blobs(store, &Descriptor::new(media_type, digest, size)).unwrap_err()
        };
        assert!(matches!(error(media_type::INDEX, digest, 3), ImageError::Size { .. }));
        assert!(matches!(error(media_type::INDEX, digest, 2), ImageError::Document { .. }));
        assert!(matches!(error(media_type::CONFIG, digest, 2), ImageError::MediaType { .. }));
        let missing = error(media_type::MANIFEST, Digest::of(b"x"), 1);
        assert!(missing.hint().unwrap().contains("not complete"));
    }
}

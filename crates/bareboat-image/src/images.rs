//! The images of the local store: names that point to manifests and indexes.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::{Digest, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::image::blobs;
use crate::{Descriptor, Reference};

/// The named images in a store.
pub struct Images<'s> {
    store: &'s Store,
}

/// What a name points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// When it got its name, in seconds since 1970.
    pub created: i64,
    /// Anything the caller wants to remember: where the image was built from, its inventory's digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl<'s> Images<'s> {
    /// The images in `store`.
    pub fn new(store: &'s Store) -> Self {
        Self { store }
    }

    /// Points `reference` at an image; what it pointed to before is only forgotten.
    pub fn put(&self, reference: &Reference, record: &ImageRecord) -> Result<(), StoreError> {
        self.store.set_reference(&key(reference), &crate::json::to_bytes(record))
    }

    /// All named images. A record that cannot be read is left out.
    pub fn list(&self) -> Result<BTreeMap<Reference, ImageRecord>, StoreError> {
        let mut images = BTreeMap::new();
        for (name, value) in self.store.references()? {
            let reference = name.strip_prefix(PREFIX).and_then(|name| name.parse().ok());
            if let (Some(reference), Ok(record)) = (reference, serde_json::from_slice(&value)) {
                images.insert(reference, record);
            }
        }
        Ok(images)
    }

    /// The image that `text` means: a name, or the beginning of a digest (at least four digits).
    ///
    /// A name wins over a digest: `cafe` is an image called so, if there is one. A digest may have several names; the
    /// first is given.
    ///
    /// # Errors
    /// [`ImagesError::Unknown`]; [`ImagesError::Ambiguous`] for a beginning that several digests have.
    pub fn get(&self, text: &str) -> Result<(Reference, ImageRecord), ImagesError> {
        if let Ok(reference) = text.parse::<Reference>()
            && let Some(record) = self.read(&reference)?
            && reference.digest().is_none_or(|digest| *digest == record.descriptor.digest)
        {
            return Ok((reference, record));
        }
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let is_hex =
            hex.len() >= 4 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let unknown = || ImagesError::Unknown { text: text.chars().take(300).collect() };
        if !is_hex {
            return Err(unknown());
        }
        let images = self.list()?;
        let fits = |record: &ImageRecord| record.descriptor.digest.hex().starts_with(hex);
        let digests: BTreeSet<Digest> =
            images.values().filter(|record| fits(record)).map(|record| record.descriptor.digest).collect();
        if digests.len() > 1 {
            return Err(ImagesError::Ambiguous {
                text: text.to_owned(),
                digests: digests.into_iter().collect(),
            });
        }
        images.into_iter().find(|(_, record)| fits(record)).ok_or_else(unknown)
    }

    /// Gives the image that `text` means a further name. `now` is in seconds since 1970.
    pub fn tag(&self, text: &str, new: &Reference, now: i64) -> Result<ImageRecord, ImagesError> {
        let (_, record) = self.get(text)?;
        let record = ImageRecord { created: now, ..record };
        self.put(new, &record)?;
        Ok(record)
    }

    /// Forgets a name, or with the beginning of a digest all names of that image; the names forgotten. Blobs stay
    /// until the store is pruned.
    pub fn remove(&self, text: &str) -> Result<Vec<Reference>, ImagesError> {
        let (reference, record) = self.get(text)?;
        let by_name = text.parse::<Reference>().is_ok_and(|named| named == reference);
        let names: Vec<Reference> = if by_name {
            vec![reference]
        } else {
            let same = |other: &ImageRecord| other.descriptor.digest == record.descriptor.digest;
            self.list()?.into_iter().filter(|(_, other)| same(other)).map(|(name, _)| name).collect()
        };
        for name in &names {
            self.store.remove_reference(&key(name))?;
        }
        Ok(names)
    }

    /// Every blob that a named image needs: what pruning must keep. Of an image with missing or damaged documents, what
    /// can still be found.
    pub fn reachable(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let mut reachable = BTreeSet::new();
        for record in self.list()?.into_values() {
            reachable.insert(record.descriptor.digest);
            if let Ok(blobs) = blobs(self.store, &record.descriptor) {
                reachable.extend(blobs.into_iter().map(|blob| blob.digest));
            }
        }
        Ok(reachable)
    }

    fn read(&self, reference: &Reference) -> Result<Option<ImageRecord>, StoreError> {
        let value = self.store.reference(&key(reference))?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }
}

/// Names are kept without their digest: it says which image is meant, not what it is called.
fn key(reference: &Reference) -> String {
    let tagged = reference.tag().and_then(|tag| reference.with_tag(tag).ok());
    format!("{PREFIX}{}", tagged.as_ref().unwrap_or(reference))
}

const PREFIX: &str = "image/";

/// Why an image was not found.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No image has this name or digest.
    #[error("there is no image `{text}` in the store")]
    Unknown {
        /// What was asked for.
        text: String,
    },
    /// Several images' digests begin like this.
    #[error("`{text}` could be {}", digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// What begins so.
        digests: Vec<Digest>,
    },
}

impl ImagesError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Unknown { .. } => Some("list what there is with `bareboat images`".into()),
            Self::Ambiguous { .. } => Some("give more digits".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, ImageConfig, Platform, join, write_image};

    fn image(store: &Store, architecture: &str) -> ImageRecord {
        let layer = join(store, &[], Compression::Gzip).unwrap();
        let config = ImageConfig::new(Platform::linux(architecture));
        let descriptor = write_image(store, config, &[layer], BTreeMap::new()).unwrap();
        ImageRecord { descriptor, created: 5, annotations: BTreeMap::new() }
    }

    fn reference(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn names_and_digests_lead_to_images() {
        let directory = tempfile::tempdir().unwrap();
        let store = &Store::open(directory.path()).unwrap();
        let images = Images::new(store);
        let (one, two) = (image(store, "amd64"), image(store, "arm64"));
        images.put(&reference("app:1"), &one).unwrap();
        images.put(&reference("localhost:5000/two"), &two).unwrap();
        assert_eq!(images.get("docker.io/library/app:1").unwrap().1, one);
        let digest = two.descriptor.digest;
        for text in [digest.to_string(), digest.hex(), digest.short(), format!("sha256:{}", digest.short())] {
            assert_eq!(images.get(&text).unwrap(), (reference("localhost:5000/two"), two.clone()), "{text}");
        }
        assert_eq!(images.get(&format!("localhost:5000/two:latest@{digest}")).unwrap().1, two);
        let other = one.descriptor.digest;
        assert!(matches!(
            images.get(&format!("localhost:5000/two:latest@{other}")),
            Err(ImagesError::Unknown { .. })
        ));
        assert!(matches!(images.get("app:2"), Err(ImagesError::Unknown { .. })));
        assert!(matches!(images.get("Not A Name"), Err(ImagesError::Unknown { .. })));
    }

    #[test]
    fn tags_are_further_names_and_removing_takes_one_or_all() {
        let directory = tempfile::tempdir().unwrap();
        let store = &Store::open(directory.path()).unwrap();
        let images = Images::new(store);
        let one = image(store, "amd64");
        images.put(&reference("app:1"), &one).unwrap();
        assert_eq!(images.tag("app:1", &reference("app:2"), 9).unwrap().created, 9);
        assert_eq!(images.tag("app:1", &reference("other"), 9).unwrap().descriptor, one.descriptor);
        assert_eq!(images.list().unwrap().len(), 3);
        assert_eq!(images.remove("app:1").unwrap(), [reference("app:1")]);
        assert_eq!(images.remove(&one.descriptor.digest.short()).unwrap().len(), 2);
        assert!(images.list().unwrap().is_empty() && images.reachable().unwrap().is_empty());
    }

    #[test]
    fn everything_a_named_image_needs_is_reachable() {
        let directory = tempfile::tempdir().unwrap();
        let store = &Store::open(directory.path()).unwrap();
        let images = Images::new(store);
        let one = image(store, "amd64");
        images.put(&reference("app"), &one).unwrap();
        assert_eq!(images.reachable().unwrap().len(), 3);
        std::fs::remove_file(store.path(&one.descriptor.digest)).unwrap();
        assert_eq!(images.reachable().unwrap(), BTreeSet::from([one.descriptor.digest]));
    }
}

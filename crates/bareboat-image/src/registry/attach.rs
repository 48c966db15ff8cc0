//! Artifacts about an image: manifests with a subject (image-spec, "Guidelines for Artifact Usage").
//!
//! They are never listed in an index, where programs that know only images would stumble over them.

use std::collections::BTreeMap;

use bareboat_store::Digest;

use super::{Registries, RegistryError};
use crate::{Descriptor, Manifest, Reference, media_type};

/// One document about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is, as a media type: what people look for.
    pub artifact_type: String,
    /// The media type of its bytes.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Remarks on its manifest.
    pub annotations: BTreeMap<String, String>,
}

impl Registries<'_> {
    /// Sends an artifact about `subject`, which must be in the repository of `to`; the descriptor of its manifest. The
    /// same artifact sent twice is one.
    ///
    /// # Errors
    /// As [`Registries::push`].
    pub fn attach(
        &self,
        subject: &Descriptor,
        to: &Reference,
        artifact: &Artifact,
    ) -> Result<Descriptor, RegistryError> {
        let repository = self.repository(to)?;
        let blob = |kind: &str, bytes: &[u8]| -> Result<Descriptor, RegistryError> {
            let digest: Digest = self.store.insert(bytes)?;
            Ok(Descriptor::new(kind, digest, bytes.len() as u64))
        };
        let config = blob(media_type::EMPTY, b"{}")?;
        let layer = blob(&artifact.media_type, &artifact.bytes)?;
        self.contents(&repository, to, &[config.clone(), layer.clone()], None, &|_| {})?;
        let about = Descriptor::new(subject.media_type.as_str(), subject.digest, subject.size);
        let manifest = Manifest {
            artifact_type: Some(artifact.artifact_type.clone()),
            layers: vec![layer],
            subject: Some(about),
            ..Manifest::new(config, &[], artifact.annotations.clone())
        };
        let bytes = manifest.to_bytes();
        let mut descriptor = blob(media_type::MANIFEST, &bytes)?;
        self.place(&repository, &descriptor.digest.to_string(), &descriptor, &bytes)?;
        descriptor.artifact_type = Some(artifact.artifact_type.clone());
        Ok(descriptor)
    }
}

//! Image manifests (OCI image manifest specification; Docker image manifest V2.2 reads the same).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{self, DocumentError, null_is_default};
use crate::media_type::{self, Document};
use crate::{Descriptor, Layer};

/// One image for one platform, or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// What this document says it is; older writers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact this is, if it is not an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image configuration.
    pub config: Descriptor,
    /// Layers, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Arbitrary remarks.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// An OCI manifest of an image.
    pub fn new(config: Descriptor, layers: &[Layer], annotations: BTreeMap<String, String>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config,
            layers: layers.iter().map(Layer::descriptor).collect(),
            subject: None,
            annotations,
        }
    }

    /// Parses a manifest of either dialect.
    ///
    /// # Errors
    /// Another document, one that could be taken for an index as well, or one larger than
    /// [`json::MAX_DOCUMENT`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        json::check_shape(WHAT, bytes, Document::Manifest)?;
        json::from_bytes(WHAT, bytes)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

const WHAT: &str = "image manifest";

#[cfg(test)]
mod tests {
    use bareboat_store::Digest;

    use super::*;

    #[test]
    fn has_one_canonical_form() {
        let digest = Digest::of(b"");
        let layer = Layer {
            digest,
            size: 3,
            diff_id: digest,
            tar_size: 4,
            media_type: media_type::LAYER_GZIP.into(),
        };
        let annotations = [("b", "2"), ("a", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = Descriptor::new(media_type::CONFIG, digest, 2);
        let manifest = Manifest::new(config, &[layer], annotations.into());
        let bytes = manifest.to_bytes();
        let expected = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{digest}","size":2}},"layers":[{{"mediaType":"{}","digest":"{digest}","size":3}}],"annotations":{{"a":"1","b":"2"}}}}"#,
            media_type::MANIFEST,
            media_type::CONFIG,
            media_type::LAYER_GZIP
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest);
    }

    #[test]
    fn reads_dockers_and_ignores_what_it_does_not_know() {
        let digest = Digest::of(b"");
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","new":[1],"annotations":null,
                "config":{{"mediaType":"{}","size":7,"digest":"{digest}"}},"layers":null}}"#,
            media_type::DOCKER_MANIFEST,
            media_type::DOCKER_CONFIG
        );
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!((manifest.config.size, manifest.layers.len()), (7, 0));
    }

    #[test]
    fn refuses_what_could_be_taken_for_an_index() {
        let config = format!(r#""config":{{"mediaType":"x","size":7,"digest":"{}"}}"#, Digest::of(b""));
        let both = format!(r#"{{"schemaVersion":2,{config},"layers":[],"manifests":[]}}"#);
        let index =
            format!(r#"{{"schemaVersion":2,"mediaType":"{}",{config},"layers":[]}}"#, media_type::INDEX);
        let first = format!(r#"{{"schemaVersion":1,{config},"layers":[]}}"#);
        for text in [both, index, first, "[]".into(), "{".into()] {
            assert!(Manifest::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}

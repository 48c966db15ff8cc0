//! Image indexes: one manifest per platform (OCI image index specification; Docker manifest lists read the same).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{self, DocumentError, null_is_default};
use crate::media_type::{self, Document};
use crate::{Descriptor, Platform};

/// A list of manifests; also the entry point of an OCI layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// What this document says it is; older writers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact this is, if its manifests are not images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Manifests and further indexes.
    #[serde(default, deserialize_with = "null_is_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest this index is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Arbitrary remarks.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// An OCI index.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::INDEX.into()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Parses an index of either dialect.
    ///
    /// # Errors
    /// Another document, one that could be taken for a manifest as well, or one larger than
    /// [`json::MAX_DOCUMENT`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        json::check_shape(WHAT, bytes, Document::Index)?;
        json::from_bytes(WHAT, bytes)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }

    /// The platforms listed, attestations left out.
    pub fn platforms(&self) -> Vec<&Platform> {
        let platforms = self.manifests.iter().filter_map(|manifest| manifest.platform.as_ref());
        platforms.filter(|platform| platform.os != "unknown").collect()
    }
}

const WHAT: &str = "image index";

#[cfg(test)]
mod tests {
    use bareboat_store::Digest;

    use super::*;

    #[test]
    fn lists_platforms_and_leaves_attestations_out() {
        let descriptor = |os: &str| {
            let platform = Platform { os: os.into(), ..Platform::linux("amd64") };
            let plain = Descriptor::new(media_type::MANIFEST, Digest::of(os), 1);
            Descriptor { platform: Some(platform), ..plain }
        };
        let index = Index::new(vec![descriptor("linux"), descriptor("unknown")]);
        let read = Index::parse(&index.to_bytes()).unwrap();
        assert_eq!(read, index);
        assert_eq!(read.platforms(), [&Platform::linux("amd64")]);
    }

    #[test]
    fn refuses_what_could_be_taken_for_a_manifest() {
        assert!(Index::parse(br#"{"schemaVersion":2,"manifests":[],"layers":[]}"#).is_err());
        let typed = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::MANIFEST);
        assert!(Index::parse(typed.as_bytes()).is_err());
    }
}

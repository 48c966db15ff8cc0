//! How OCI documents are read and written as JSON.
//!
//! Written: compact, fields in a fixed order, maps sorted, nothing that is empty; so equal documents have equal
//! digests. Read: unknown fields are ignored and `null` stands for absence, as Go programs write it.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::media_type::{Document, document};

/// The largest document read: what registries accept for a manifest (distribution specification, "Pushing Manifests").
pub const MAX_DOCUMENT: u64 = 4 << 20;

/// The canonical bytes of a document.
pub fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("our documents have text keys and no failing serializers")
}

/// Parses a document.
///
/// # Errors
/// Not JSON, not this document, or larger than [`MAX_DOCUMENT`].
pub fn from_bytes<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, DocumentError> {
    if bytes.len() as u64 > MAX_DOCUMENT {
        return Err(DocumentError { what, reason: format!("it is larger than {MAX_DOCUMENT} bytes") });
    }
    serde_json::from_slice(bytes).map_err(|error| DocumentError { what, reason: error.to_string() })
}

/// The `mediaType` that a document gives itself.
pub(crate) fn media_type(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
    }
    let typed: Typed = from_bytes("document", bytes).ok()?;
    typed.media_type.filter(|text| !text.is_empty())
}

/// Refuses a document that one program could read as a manifest and another as an index, hiding from one what the
/// other runs (the ambiguity behind CVE-2021-41190).
pub(crate) fn check_shape(what: &'static str, bytes: &[u8], wanted: Document) -> Result<(), DocumentError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        schema_version: Option<u64>,
        media_type: Option<String>,
        manifests: Option<IgnoredAny>,
        layers: Option<IgnoredAny>,
        config: Option<IgnoredAny>,
    }
    let shape: Shape = from_bytes(what, bytes)?;
    let fail = |reason: String| Err(DocumentError { what, reason });
    if shape.schema_version != Some(2) {
        return fail("its `schemaVersion` is not 2".into());
    }
    if shape.manifests.is_some() && (shape.layers.is_some() || shape.config.is_some()) {
        return fail("it has the fields of a manifest and of an index".into());
    }
    match shape.media_type {
        Some(found) if !found.is_empty() && document(&found) != Some(wanted) => {
            fail(format!("its `mediaType` is `{}`", found.chars().take(100).collect::<String>()))
        }
        _ => Ok(()),
    }
}

/// Bytes that are not the document they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an {what}: {reason}")]
pub struct DocumentError {
    /// `image manifest`, `image index` and so on.
    pub what: &'static str,
    /// What the parser met.
    pub reason: String,
}

/// For `#[serde(deserialize_with)]`: `null` is the default value.
pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

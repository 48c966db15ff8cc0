//! How OCI documents are read and written as JSON.
//!
//! Written: compact, fields in a fixed order, maps sorted, nothing that is empty; so equal documents have equal
//! digests. Read: unknown fields are ignored and `null` stands for absence, as Go programs write it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

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

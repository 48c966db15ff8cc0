//! Media types of what images are made of (OCI image specification, media-types document; Docker image manifest V2.2).

/// An OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index: one manifest per platform.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI image configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// An uncompressed OCI layer.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A gzip-compressed OCI layer.
pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A zstd-compressed OCI layer.
pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// The empty JSON object `{}`, for configurations of artifacts that need none.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// A Docker image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A Docker manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// A Docker image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// A gzip-compressed Docker layer.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// An uncompressed Docker layer.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// What a document of this media type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// One image (or artifact).
    Manifest,
    /// A list of manifests.
    Index,
}

/// Tells manifests from indexes in both dialects; `None` for anything else.
pub fn document(media_type: &str) -> Option<Document> {
    match essence(media_type) {
        MANIFEST | DOCKER_MANIFEST => Some(Document::Manifest),
        INDEX | DOCKER_INDEX => Some(Document::Index),
        _ => None,
    }
}

/// True for file system layers, in both dialects, also those that may not be redistributed.
pub fn is_layer(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.starts_with(LAYER)
        || essence.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar")
        || essence.starts_with(DOCKER_LAYER)
        || essence.starts_with("application/vnd.docker.image.rootfs.foreign.diff.tar")
}

/// The media type without parameters: registries append `; charset=utf-8`.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_dialects() {
        assert_eq!(document(DOCKER_INDEX), Some(Document::Index));
        assert_eq!(
            document("application/vnd.oci.image.manifest.v1+json; charset=utf-8"),
            Some(Document::Manifest)
        );
        assert_eq!(document(CONFIG), None);
        assert!([LAYER, LAYER_ZSTD, DOCKER_LAYER_GZIP].into_iter().all(is_layer));
        assert!(!is_layer(CONFIG));
    }
}

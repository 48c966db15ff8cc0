//! Images as one tar file: OCI archives, and Docker archives in the form that everybody reads.
//!
//! A Docker archive here is what `docker save` writes since version 25: an OCI layout with Docker's `manifest.json`
//! beside it, so older Docker, Podman, skopeo and containerd each find what they look for. Members are sorted and
//! carry no times: equal images give equal files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use bareboat_store::{Digest, Store};
use serde::Serialize;

use crate::image::{blobs, read_images};
use crate::layout::{MARKER, check_ref_name, index_entry};
use crate::output::{OutputError, Subject};
use crate::tar::write::{END_OF_ARCHIVE, padding, write_header};
use crate::{Descriptor, Entry, Index, Reference, StoredImage, TreePath, json};

/// Writes the image or index at `descriptor` as an OCI archive that lists it as `name`.
pub fn write_oci_archive(
    store: &Store,
    descriptor: &Descriptor,
    name: Option<&str>,
    output: &mut dyn Write,
) -> Result<(), OutputError> {
    name.map_or(Ok(()), check_ref_name)?;
    let mut files = layout_files(store, descriptor)?;
    files.insert("index.json".into(), index(index_entry(descriptor, name, None)));
    write_files(store, files, output)
}

/// Writes one image as a Docker archive. Its layers stay compressed, which every reader accepts; zstd needs
/// Docker 23 or Podman 4.
///
/// # Errors
/// [`OutputError::Platform`] when an index has several platforms and `subject` chooses none.
pub fn write_docker_archive(
    store: &Store,
    subject: &Subject<'_>,
    output: &mut dyn Write,
) -> Result<(), OutputError> {
    let image = choose(store, subject)?;
    let mut files = layout_files(store, &image.descriptor)?;
    let tagged = subject.reference.filter(|reference| reference.tag().is_some());
    let entry = DockerEntry {
        config: blob_name(&image.manifest.config.digest),
        repo_tags: tagged.map(untagged_digest).map(|reference| reference.familiar()).into_iter().collect(),
        layers: image.manifest.layers.iter().map(|layer| blob_name(&layer.digest)).collect(),
    };
    files.insert("manifest.json".into(), Content::Bytes(json::to_bytes(&[entry])));
    let tag = tagged.and_then(Reference::tag);
    let full_name = tagged.map(|reference| untagged_digest(reference).to_string());
    files.insert("index.json".into(), index(index_entry(&image.descriptor, tag, full_name)));
    write_files(store, files, output)
}

/// The one image that `subject` means.
pub(crate) fn choose(store: &Store, subject: &Subject<'_>) -> Result<StoredImage, OutputError> {
    let mut images = read_images(store, subject.descriptor)?;
    let choices = images.iter().map(|image| image.config.platform.to_string()).collect();
    if let Some(wanted) = subject.platform {
        images.retain(|image| image.config.platform.satisfies(wanted));
    }
    match images.len() {
        1 => Ok(images.remove(0)),
        _ => Err(OutputError::Platform { choices }),
    }
}

/// Engines tag what they load; a digest beside the tag would be a name they refuse.
fn untagged_digest(reference: &Reference) -> Reference {
    reference.tag().and_then(|tag| reference.with_tag(tag).ok()).unwrap_or_else(|| reference.clone())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

enum Content {
    Directory,
    Bytes(Vec<u8>),
    Blob { digest: Digest, size: u64 },
}

fn index(entry: Descriptor) -> Content {
    Content::Bytes(Index::new(vec![entry]).to_bytes())
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn layout_files(store: &Store, descriptor: &Descriptor) -> Result<BTreeMap<String, Content>, OutputError> {
    let mut files = BTreeMap::new();
    files.insert("blobs".into(), Content::Directory);
    files.insert("blobs/sha256".into(), Content::Directory);
    files.insert("oci-layout".into(), Content::Bytes(MARKER.into()));
    for blob in blobs(store, descriptor)? {
        files.insert(blob_name(&blob.digest), Content::Blob { digest: blob.digest, size: blob.size });
    }
    Ok(files)
}

fn write_files(
    store: &Store,
    files: BTreeMap<String, Content>,
    output: &mut dyn Write,
) -> Result<(), OutputError> {
    let fail = OutputError::io("write", Path::new("the archive"));
    for (name, content) in files {
        let path = TreePath::new(&name).unwrap_or_default();
        let mut header = Vec::new();
        let size = match &content {
            Content::Directory => 0,
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Blob { size, .. } => *size,
        };
        let entry = match content {
            Content::Directory => Entry::directory(0o755),
            _ => Entry::file(Digest::of(b""), size, 0o644),
        };
        write_header(&mut header, &path, &entry, 0)?;
        output.write_all(&header).map_err(&fail)?;
        match content {
            Content::Directory => {}
            Content::Bytes(bytes) => output.write_all(&bytes).map_err(&fail)?,
            Content::Blob { digest, .. } => {
                // A blob of another size would shift everything behind it.
                let fits = store.size(&digest).is_none_or(|found| found == size);
                if !fits || store.read_verified_to(&digest, output)? != size {
                    return Err(OutputError::Size { digest });
                }
            }
        }
        output.write_all(&[0; 512][..padding(size)]).map_err(&fail)?;
    }
    output.write_all(&END_OF_ARCHIVE).map_err(&fail)
}

//! Takes an image's layers over into the store, so that a manifest can list them.

use std::io::Read;

use bareboat_store::{Digest, DigestReader, Store};

use crate::blocks::Blocks;
use crate::decompress::Decompressed;
use crate::part::OrStore;
use crate::source::error::{SourceError, in_archive};
use crate::source::image::{Image, LayerContent};
use crate::tar::read::Limits;
use crate::{Compression, Layer, media_type};

impl Image<'_> {
    /// The image's layers as they lie in the store, lowest first; those that are not there yet are brought in. A
    /// compressed layer keeps its bytes, the plain ones of a Docker archive are compressed.
    ///
    /// Every layer is read once in its life to check it, and then remembered.
    ///
    /// # Errors
    /// Damage of any kind; a directory of files, which is no layer.
    pub fn import(&self, store: &Store) -> Result<Vec<Layer>, SourceError> {
        (0..self.layers.len()).map(|number| self.import_layer(store, number)).collect()
    }

    fn import_layer(&self, store: &Store, number: usize) -> Result<Layer, SourceError> {
        let source = &self.layers[number];
        let identity = match (&source.content, &source.diff_id) {
            (LayerContent::Blob(digest), _) => digest.to_string(),
            (_, Some(diff_id)) => format!("{} of {diff_id}", Compression::Gzip.encoder_id()),
            (_, None) => {
                let reason = "it is a root file system, not an image with layers".to_owned();
                return Err(SourceError::Invalid { what: "what was given".to_owned(), reason });
            }
        };
        let key = Digest::of(format!("imported layer 1 {identity}"));
        if let Some(layer) = known(store, &key) {
            return Ok(layer);
        }
        let layer = match &source.content {
            LayerContent::Blob(digest) => self.take_over(store, number, digest)?,
            LayerContent::Member(name) => {
                let what = format!("layer {}", number + 1);
                compress(store, &what, self.blobs.open_member(name)?, source.diff_id)?
            }
            LayerContent::File(_) | LayerContent::Directory(_) => {
                return Err(SourceError::Missing { what: "its list of layers".to_owned() });
            }
        };
        store.put_action(&key, &crate::json::to_bytes(&layer))?;
        Ok(layer)
    }

    fn take_over(&self, store: &Store, number: usize, digest: &Digest) -> Result<Layer, SourceError> {
        let what = format!("layer {}", number + 1);
        if !store.contains(digest) {
            let mut blob = store.writer()?;
            let mut input = self.blobs.open(digest)?;
            std::io::copy(&mut input, &mut blob).or_store(store)?;
            blob.finish_expecting(digest)?;
        }
        let facts = self.visit_layer(number, Limits::default(), &mut |_, _| Ok(()))?;
        let missing = || SourceError::Missing { what: format!("the description of {what}") };
        let descriptor = self.layers[number].descriptor.as_ref().ok_or_else(missing)?;
        Ok(Layer {
            digest: *digest,
            size: descriptor.size,
            diff_id: facts.diff_id.ok_or_else(missing)?,
            tar_size: facts.tar.ok_or_else(missing)?,
            media_type: oci_type(&descriptor.media_type).to_owned(),
        })
    }
}

/// The layer kept under `key`, when its bytes are still there.
fn known(store: &Store, key: &Digest) -> Option<Layer> {
    let layer: Layer = serde_json::from_slice(&store.action(key)?).ok()?;
    (store.size(&layer.digest) == Some(layer.size)).then_some(layer)
}

fn compress(
    store: &Store,
    what: &str,
    input: impl Read,
    expected: Option<Digest>,
) -> Result<Layer, SourceError> {
    let mut tar = DigestReader::new(Decompressed::new(input).map_err(in_archive(what))?);
    let mut blocks = Blocks::new(store.writer()?, Compression::Gzip, rayon::current_num_threads().min(4));
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match tar.read(&mut buffer).map_err(in_archive(what))? {
            0 => break,
            read => blocks.push(&buffer[..read]).or_store(store)?,
        }
    }
    let (_, diff_id, tar_size) = tar.finish();
    if let Some(expected) = expected.filter(|expected| *expected != diff_id) {
        return Err(SourceError::Digest { what: what.to_owned(), expected, found: diff_id });
    }
    let (blob, _) = blocks.finish().or_store(store)?;
    let (digest, size) = blob.finish()?;
    Ok(Layer { digest, size, diff_id, tar_size, media_type: media_type::LAYER_GZIP.to_owned() })
}

/// Docker's names for layers mean the same; a manifest of ours uses one dialect.
fn oci_type(found: &str) -> &str {
    match found {
        media_type::DOCKER_LAYER_GZIP => media_type::LAYER_GZIP,
        media_type::DOCKER_LAYER => media_type::LAYER,
        other => other,
    }
}

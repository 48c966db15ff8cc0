//! One image of a source: its documents, and its layers read one after the other or all at once.

use std::io::{self, Read};
use std::path::PathBuf;

use bareboat_store::{Digest, DigestReader};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::source::blobs::Blobs;
use crate::source::error::SourceError;
use crate::source::read::{LayerFacts, Visit};
use crate::tar::read::{Limits, Member};
use crate::{Descriptor, ImageConfig, Layer, Manifest, Merged, Merger, TreePath};

/// An image, or a root file system without documents.
pub struct Image<'a> {
    /// What it is called where it was found.
    pub name: Option<String>,
    /// Where its manifest is; an old Docker archive and a root file system have none.
    pub descriptor: Option<Descriptor>,
    /// Its manifest.
    pub manifest: Option<Manifest>,
    /// Its configuration; a root file system has none.
    pub config: Option<ImageConfig>,
    /// Its layers, lowest first.
    pub layers: Vec<LayerSource>,
    pub(super) blobs: &'a Blobs<'a>,
}

/// One layer, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSource {
    /// How the manifest lists it; not in old Docker archives and root file systems.
    pub descriptor: Option<Descriptor>,
    /// The digest of its decompressed bytes, as the configuration says.
    pub diff_id: Option<Digest>,
    pub(super) content: LayerContent,
}

/// Where a layer's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LayerContent {
    Blob(Digest),
    /// A file of the archive.
    Member(TreePath),
    /// A tar file, compressed or not.
    File(PathBuf),
    /// A directory that stands for its content.
    Directory(PathBuf),
}

/// The five sizes of an image, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Compressed layers; `None` where they are not kept as a registry would have them.
    pub pull: Option<u64>,
    /// Decompressed layers; `None` for a directory.
    pub tar: Option<u64>,
    /// Regular files over all layers, hard links not counted.
    pub shipped: u64,
    /// Regular files in the merged tree, hard links not counted.
    pub visible: u64,
    /// Shipped but not visible.
    pub hidden: u64,
}

/// Looks at one entry and its content, from any thread; what it returns is kept until the layers are merged.
pub type Look<'l, T> = dyn Fn(&Member, &mut dyn Read) -> io::Result<T> + Sync + 'l;

/// What [`Image::read`] found.
#[derive(Debug)]
pub struct Pass<T> {
    /// What the layers amount to.
    pub merged: Merged,
    /// The five sizes.
    pub sizes: Sizes,
    /// Each layer, lowest first.
    pub layers: Vec<LayerFacts>,
    /// What was seen of each entry, by layer, in the order of its archive.
    pub seen: Vec<Vec<Seen<T>>>,
}

/// An entry and what was made of it.
#[derive(Debug)]
pub struct Seen<T> {
    /// The digest of its content; of nothing, unless it is a regular file.
    pub digest: Digest,
    /// Modification time in seconds since 1970.
    pub mtime: i64,
    /// What [`Look`] returned.
    pub value: T,
}

impl<'a> Image<'a> {
    pub(super) fn root_fs(blobs: &'a Blobs<'a>, content: LayerContent) -> Self {
        let layers = vec![LayerSource { descriptor: None, diff_id: None, content }];
        Self { name: None, descriptor: None, manifest: None, config: None, layers, blobs }
    }

    pub(super) fn of_layers(blobs: &'a Blobs<'a>, layers: &[Layer]) -> Self {
        let layers = layers.iter().map(|layer| LayerSource {
            descriptor: Some(layer.descriptor()),
            diff_id: Some(layer.diff_id),
            content: LayerContent::Blob(layer.digest),
        });
        Self { name: None, descriptor: None, manifest: None, config: None, layers: layers.collect(), blobs }
    }

    /// For lists: name, platform, digest, as far as it has them.
    pub fn title(&self) -> String {
        let platform = self.config.as_ref().map(|config| config.platform.to_string());
        let digest = self.descriptor.as_ref().map(|descriptor| descriptor.digest.to_string());
        let known: Vec<String> = [self.name.clone(), platform, digest].into_iter().flatten().collect();
        match known.is_empty() {
            true => "a root file system".into(),
            false => known.join(" "),
        }
    }

    /// Reads layer number `layer` once: calls `visit` for every entry, and checks digest, diff-id and sizes.
    ///
    /// What `visit` leaves of a content is skipped. When this fails at the end, everything seen was another layer's.
    pub fn visit_layer(
        &self,
        layer: usize,
        limits: Limits,
        visit: &mut Visit<'_>,
    ) -> Result<LayerFacts, SourceError> {
        super::read::visit_layer(self.blobs, &self.layers[layer], layer, limits, visit)
    }

    /// Reads all layers once and merges them. `visit` sees every entry, also hidden ones, with its layer's number
    /// and its content.
    pub fn merge(
        &self,
        limits: Limits,
        mut visit: impl FnMut(usize, &Member, &mut dyn Read) -> io::Result<()>,
    ) -> Result<(Merged, Sizes), SourceError> {
        let mut merger = Merger::new();
        let mut facts = Vec::new();
        for layer in 0..self.layers.len() {
            merger.begin_layer();
            let mut failed = None;
            let result = self.visit_layer(layer, limits, &mut |member, content| {
                let mut content = DigestReader::new(content);
                visit(layer, member, &mut content)?;
                io::copy(&mut content, &mut io::sink())?;
                let (_, digest, _) = content.finish();
                merger.add(member.clone(), digest).map_err(|error| {
                    failed = Some(error);
                    io::Error::other("the layer cannot be applied")
                })
            });
            if let Some(source) = failed {
                return Err(SourceError::Merge { what: format!("layer {}", layer + 1), source });
            }
            facts.push(result?);
        }
        let merged = merger.finish();
        let sizes = Sizes::new(&merged, &facts);
        Ok((merged, sizes))
    }

    /// Reads all layers once, several at a time, and merges them. `look` sees every entry, also hidden ones.
    ///
    /// Keeps the metadata of every entry until the end, never a content: memory depends on the number of files, not
    /// on their size. Of several faults the one in the lowest layer is returned.
    pub fn read<T: Send>(&self, limits: Limits, look: &Look<'_, T>) -> Result<Pass<T>, SourceError> {
        let read = |layer| self.read_layer(layer, limits, look);
        let read: Vec<_> = (0..self.layers.len()).into_par_iter().map(read).collect();
        let mut merger = Merger::new();
        let (mut layers, mut seen) = (Vec::new(), Vec::new());
        for (layer, read) in read.into_iter().enumerate() {
            let (facts, entries) = read?;
            merger.begin_layer();
            let mut values = Vec::with_capacity(entries.len());
            for (member, digest, value) in entries {
                values.push(Seen { digest, mtime: member.mtime, value });
                let what = || format!("layer {}", layer + 1);
                merger.add(member, digest).map_err(|source| SourceError::Merge { what: what(), source })?;
            }
            layers.push(facts);
            seen.push(values);
        }
        let merged = merger.finish();
        let sizes = Sizes::new(&merged, &layers);
        Ok(Pass { merged, sizes, layers, seen })
    }

    fn read_layer<T>(&self, layer: usize, limits: Limits, look: &Look<'_, T>) -> LayerRead<T> {
        let mut entries = Vec::new();
        let facts = self.visit_layer(layer, limits, &mut |member, content| {
            let mut content = DigestReader::new(content);
            let value = look(member, &mut content)?;
            io::copy(&mut content, &mut io::sink())?;
            let (_, digest, _) = content.finish();
            entries.push((member.clone(), digest, value));
            Ok(())
        })?;
        Ok((facts, entries))
    }
}

type LayerRead<T> = Result<(LayerFacts, Vec<(Member, Digest, T)>), SourceError>;

impl Sizes {
    fn new(merged: &Merged, layers: &[LayerFacts]) -> Self {
        Self {
            pull: layers.iter().map(|facts| facts.pull).sum(),
            tar: layers.iter().map(|facts| facts.tar).sum(),
            shipped: merged.shipped,
            visible: merged.visible,
            hidden: merged.shipped - merged.visible,
        }
    }
}

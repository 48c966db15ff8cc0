//! One image of a source: its documents, and its layers read one after the other.

use std::io::{self, Read};
use std::path::PathBuf;

use bareboat_store::{Digest, DigestReader};
use serde::{Deserialize, Serialize};

use crate::source::blobs::Blobs;
use crate::source::error::SourceError;
use crate::source::read::{LayerFacts, Visit};
use crate::tar::read::{Limits, Member};
use crate::{Descriptor, ImageConfig, Manifest, Merged, Merger, TreePath};

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

impl<'a> Image<'a> {
    pub(super) fn root_fs(blobs: &'a Blobs<'a>, content: LayerContent) -> Self {
        let layers = vec![LayerSource { descriptor: None, diff_id: None, content }];
        Self { name: None, descriptor: None, manifest: None, config: None, layers, blobs }
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
        let sizes = Sizes {
            pull: facts.iter().map(|facts| facts.pull).sum(),
            tar: facts.iter().map(|facts| facts.tar).sum(),
            shipped: merged.shipped,
            visible: merged.visible,
            hidden: merged.shipped - merged.visible,
        };
        Ok((merged, sizes))
    }
}

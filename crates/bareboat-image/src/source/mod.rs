//! Opens images wherever they are: the store, OCI layouts and archives, Docker archives, root file systems.
//!
//! Every blob is checked against its digest and every layer against its diff-id; contents stream, so memory does not
//! depend on the size of an image. Nothing is ever unpacked.

mod blobs;
mod directory;
mod error;
mod image;
mod import;
mod import_layers;
mod location;
mod read;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use bareboat_store::{Digest, Store};
use serde::Deserialize;

pub use error::SourceError;
pub use image::{Image, LayerSource, Look, Pass, Seen, Sizes};
pub use location::{Location, LocationError};
pub use read::{LayerFacts, Visit};

use crate::decompress::{Decompressed, Format};
use crate::json::{self, null_is_default};
use crate::media_type::{self, Document};
use crate::source::blobs::{Archive, Blobs};
use crate::source::error::{at_path, in_archive};
use crate::source::image::LayerContent;
use crate::tar::read::Limits;
use crate::{Descriptor, ImageConfig, Index, Layer, Manifest, Platform, Reference, TreePath};

/// A place with one image or several.
pub struct Source<'s> {
    blobs: Blobs<'s>,
    roots: Vec<Root>,
}

/// Where an image begins.
enum Root {
    /// A manifest or an index, with the name it is listed under.
    Oci { descriptor: Box<Descriptor>, name: Option<String> },
    /// An entry of a Docker archive's `manifest.json`.
    Docker(DockerEntry),
    /// Layers without any document.
    Layers(Vec<Layer>),
    /// Files without any document.
    Files(LayerContent),
}

/// What to choose where there are several images.
#[derive(Debug, Clone, Default)]
pub struct Select {
    /// A name as listed, or a reference that means the same.
    pub name: Option<String>,
    /// A platform; images of others are left out.
    pub platform: Option<Platform>,
    /// Where several fit, those of this platform count, if there are any: the machine's own.
    pub preferred: Option<Platform>,
}

impl<'s> Source<'s> {
    /// The image or index at `descriptor` in the store.
    pub fn store(store: &'s Store, descriptor: Descriptor) -> Self {
        Self {
            blobs: Blobs::Store(store),
            roots: vec![Root::Oci { descriptor: Box::new(descriptor), name: None }],
        }
    }

    /// Layers of the store, lowest first, that no manifest lists yet: one image without documents.
    pub fn layers(store: &'s Store, layers: &[Layer]) -> Self {
        Self { blobs: Blobs::Store(store), roots: vec![Root::Layers(layers.to_vec())] }
    }

    /// Opens a directory or file and finds out what it is. A compressed archive of an image is decompressed into an
    /// unnamed file in `temporary_directory`.
    ///
    /// # Errors
    /// Not there, not readable, or no form of image or root file system.
    pub fn open(path: &Path, temporary_directory: &Path) -> Result<Self, SourceError> {
        let metadata = std::fs::metadata(path).map_err(at_path("open", path))?;
        if metadata.is_dir() {
            return Self::open_directory(path);
        }
        // Opening a pipe would wait for somebody who writes.
        if !metadata.is_file() {
            return Err(form(path, "neither a file nor a directory"));
        }
        Self::open_file(path, temporary_directory)
    }

    /// The images here that fit `select`, with their documents read.
    pub fn images(&self, select: &Select) -> Result<Vec<Image<'_>>, SourceError> {
        let mut images = Vec::new();
        for root in &self.roots {
            match root {
                Root::Oci { descriptor, name } => {
                    self.oci_images(descriptor, name.as_deref(), &mut images)?
                }
                Root::Docker(entry) => images.push(self.docker_image(entry)?),
                Root::Layers(layers) => images.push(Image::of_layers(&self.blobs, layers)),
                Root::Files(content) => images.push(Image::root_fs(&self.blobs, content.clone())),
            }
        }
        images.retain(|image| select.fits(image));
        Ok(images)
    }

    /// The one image that fits `select`.
    ///
    /// # Errors
    /// [`SourceError::None`] and [`SourceError::Several`] list the choices.
    pub fn image(&self, select: &Select) -> Result<Image<'_>, SourceError> {
        let mut images = self.images(select)?;
        let is_preferred =
            |image: &Image<'_>| select.preferred.as_ref().is_some_and(|wanted| is_for(image, wanted));
        if images.len() > 1 && images.iter().any(is_preferred) {
            images.retain(is_preferred);
        }
        let choices = |images: &[Image<'_>]| images.iter().map(Image::title).collect();
        match images.len() {
            1 => Ok(images.remove(0)),
            0 => Err(SourceError::None { choices: choices(&self.images(&Select::default())?) }),
            _ => Err(SourceError::Several { choices: choices(&images) }),
        }
    }

    fn open_directory(path: &Path) -> Result<Self, SourceError> {
        if !path.join("oci-layout").is_file() {
            if path.join("index.json").is_file() && path.join("blobs").is_dir() {
                return Err(SourceError::Missing { what: "the file `oci-layout`".into() });
            }
            if path.join("manifest.json").is_file() && path.join("version").is_file() {
                return Err(form(path, SourceError::CONTAINERS_DIRECTORY));
            }
            let content = LayerContent::Directory(path.to_path_buf());
            return Ok(Self { blobs: Blobs::None, roots: vec![Root::Files(content)] });
        }
        let file = path.join("index.json");
        let mut bytes = Vec::new();
        File::open(&file)
            .and_then(|file| file.take(json::MAX_DOCUMENT + 1).read_to_end(&mut bytes))
            .map_err(at_path("read", &file))?;
        let roots = oci_roots(&bytes)?;
        Ok(Self { blobs: Blobs::Layout(path.to_path_buf()), roots })
    }

    fn open_file(path: &Path, temporary_directory: &Path) -> Result<Self, SourceError> {
        let fail = at_path("read", path);
        let mut file = File::open(path).map_err(&fail)?;
        let mut start = Vec::new();
        (&mut file).take(4).read_to_end(&mut start).map_err(&fail)?;
        file.rewind().map_err(&fail)?;
        let archive = match Format::of(&start) {
            Format::Plain => Archive::open(file, path)?,
            // A compressed root file system streams as well as a layer does; only images need random access.
            _ if !is_image_archive(&file, path)? => {
                let content = LayerContent::File(path.to_path_buf());
                return Ok(Self { blobs: Blobs::None, roots: vec![Root::Files(content)] });
            }
            _ => {
                file.rewind().map_err(&fail)?;
                Archive::open(decompress(file, temporary_directory).map_err(&fail)?, path)?
            }
        };
        if archive.has("index.json") && archive.has("oci-layout") {
            let roots = oci_roots(&archive.read("index.json", json::MAX_DOCUMENT)?)?;
            return Ok(Self { blobs: Blobs::Archive(archive), roots });
        }
        if archive.has("manifest.json") {
            let bytes = archive.read("manifest.json", json::MAX_DOCUMENT)?;
            let entries: Vec<DockerEntry> = json::from_bytes("image archive's manifest", &bytes)?;
            let roots = entries.into_iter().map(Root::Docker).collect();
            return Ok(Self { blobs: Blobs::Archive(archive), roots });
        }
        if archive.is_empty {
            return Err(form(path, "an empty archive"));
        }
        if archive.has_blobs() {
            return Err(SourceError::Missing {
                what: "its list of images, `manifest.json` or `index.json`,".into(),
            });
        }
        let content = LayerContent::File(path.to_path_buf());
        Ok(Self { blobs: Blobs::None, roots: vec![Root::Files(content)] })
    }

    /// The images below a manifest or an index; attestations and other artifacts are left out.
    fn oci_images<'a>(
        &'a self,
        root: &Descriptor,
        name: Option<&str>,
        images: &mut Vec<Image<'a>>,
    ) -> Result<(), SourceError> {
        let mut pending = vec![root.clone()];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(descriptor) = pending.pop() {
            if !seen.insert(descriptor.digest) {
                continue;
            }
            if seen.len() > MAX_DOCUMENTS {
                return Err(SourceError::Invalid {
                    what: root.digest.to_string(),
                    reason: "it lists too much".into(),
                });
            }
            match media_type::document(&descriptor.media_type) {
                Some(Document::Index) => {
                    let index = Index::parse(&self.blobs.document(&descriptor)?)?;
                    pending.extend(index.manifests.into_iter().rev());
                }
                Some(Document::Manifest) => {
                    let manifest = Manifest::parse(&self.blobs.document(&descriptor)?)?;
                    images.extend(self.oci_image(descriptor, manifest, name)?);
                }
                None => {}
            }
        }
        Ok(())
    }

    fn oci_image(
        &self,
        descriptor: Descriptor,
        manifest: Manifest,
        name: Option<&str>,
    ) -> Result<Option<Image<'_>>, SourceError> {
        if !matches!(&*manifest.config.media_type, media_type::CONFIG | media_type::DOCKER_CONFIG) {
            return Ok(None);
        }
        // BuildKit's attestations look like images of no platform.
        if manifest.layers.iter().any(|layer| layer.media_type.contains("in-toto")) {
            return Ok(None);
        }
        let config = ImageConfig::parse(&self.blobs.document(&manifest.config)?)?;
        let diff_ids = &config.root_fs.diff_ids;
        check_count(&descriptor.digest.to_string(), manifest.layers.len(), diff_ids.len())?;
        let layers = manifest.layers.iter().zip(diff_ids).map(|(layer, diff_id)| LayerSource {
            descriptor: Some(layer.clone()),
            diff_id: Some(*diff_id),
            content: LayerContent::Blob(layer.digest),
        });
        let layers = layers.collect();
        let name = name.map(str::to_owned);
        let (descriptor, manifest, config) = (Some(descriptor), Some(manifest), Some(config));
        Ok(Some(Image { name, descriptor, manifest, config, layers, blobs: &self.blobs }))
    }

    fn docker_image(&self, entry: &DockerEntry) -> Result<Image<'_>, SourceError> {
        let Blobs::Archive(archive) = &self.blobs else {
            return Err(SourceError::Missing { what: "archive".into() });
        };
        let bytes = archive.read(&entry.config, json::MAX_DOCUMENT)?;
        let named = entry.config.rsplit('/').next().unwrap_or_default();
        let named = Digest::from_hex(named.strip_suffix(".json").unwrap_or(named)).ok();
        if let Some(expected) = named.filter(|named| *named != Digest::of(&bytes)) {
            let (what, found) = (entry.config.clone(), Digest::of(&bytes));
            return Err(SourceError::Digest { what, expected, found });
        }
        let config = ImageConfig::parse(&bytes)?;
        check_count(&entry.config, entry.layers.len(), config.root_fs.diff_ids.len())?;
        let mut layers = Vec::new();
        for (name, diff_id) in entry.layers.iter().zip(&config.root_fs.diff_ids) {
            let path = TreePath::new(name).map_err(in_archive(name))?;
            layers.push(LayerSource {
                descriptor: None,
                diff_id: Some(*diff_id),
                content: LayerContent::Member(path),
            });
        }
        let name = entry.repo_tags.first().cloned();
        let config = Some(config);
        Ok(Image { name, descriptor: None, manifest: None, config, layers, blobs: &self.blobs })
    }
}

impl Select {
    fn fits(&self, image: &Image<'_>) -> bool {
        let name = self.name.as_ref().is_none_or(|wanted| match &image.name {
            Some(name) => name == wanted || same_reference(name, wanted),
            None => false,
        });
        name && self.platform.as_ref().is_none_or(|wanted| is_for(image, wanted))
    }
}

/// A root file system says nothing about its platform and passes for any.
fn is_for(image: &Image<'_>, platform: &Platform) -> bool {
    image.config.as_ref().is_none_or(|config| config.platform.satisfies(platform))
}

/// Every layer has a diff-id, and there are not more than any engine could mount.
fn check_count(what: &str, layers: usize, diff_ids: usize) -> Result<(), SourceError> {
    let invalid = |reason| Err(SourceError::Invalid { what: what.to_owned(), reason });
    if layers != diff_ids {
        return invalid(format!("it has {layers} layers, its configuration {diff_ids}"));
    }
    if layers > MAX_LAYERS {
        return invalid(format!("it has {layers} layers, more than {MAX_LAYERS}"));
    }
    Ok(())
}

fn same_reference(left: &str, right: &str) -> bool {
    match (left.parse::<Reference>(), right.parse::<Reference>()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// One image of a Docker archive (Docker image specification 1.2, "Combined Image JSON + Filesystem Changeset").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    #[serde(default, deserialize_with = "null_is_default")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    layers: Vec<String>,
}

fn form(path: &Path, form: &'static str) -> SourceError {
    SourceError::Form { path: path.to_path_buf(), form }
}

/// What an `index.json` lists, with names as Docker and as the OCI layout specification annotate them.
fn oci_roots(index: &[u8]) -> Result<Vec<Root>, SourceError> {
    let index = Index::parse(index)?;
    let root = |descriptor: Descriptor| {
        let annotation = |key: &str| descriptor.annotations.get(key).cloned();
        let name = annotation(crate::layout::CONTAINERD_NAME).or_else(|| annotation(crate::layout::REF_NAME));
        Root::Oci { descriptor: Box::new(descriptor), name }
    };
    Ok(index.manifests.into_iter().map(root).collect())
}

/// True when a compressed archive holds an image: its documents may come last, so this reads all of it.
fn is_image_archive(file: &File, path: &Path) -> Result<bool, SourceError> {
    let tar = Decompressed::new(BufReader::new(file)).map_err(at_path("decompress", path))?;
    let mut reader = crate::tar::read::TarReader::new(tar, Limits::default());
    while let Some(member) = reader.next_member().map_err(in_archive(path.display()))? {
        match member.path.as_bytes() {
            b"manifest.json" | b"oci-layout" => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}

fn decompress(file: File, temporary_directory: &Path) -> io::Result<File> {
    let mut output = tempfile::tempfile_in(temporary_directory)?;
    let mut input = Decompressed::new(BufReader::new(file))?.take(Limits::default().bytes);
    io::copy(&mut input, &mut output)?;
    output.rewind()?;
    Ok(output)
}

const MAX_DOCUMENTS: usize = 1000;
/// Linux mounts at most 500 layers over each other (overlayfs); nobody reads a tenfold of that by accident.
const MAX_LAYERS: usize = 1000;

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;

//! Writes what an instruction changes as a layer: sorted entries, one time, the directories on the way included.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use bareboat_image::{
    Compression, Entry, FileMeta, Kind, Layer, Part, PartError, PartWriter, Tree, TreePath, join,
};
use bareboat_store::{Digest, DigestReader, Store};

use super::archive::Stretch;
use super::changes::{Change, Content};
use crate::BuildError;
use crate::dockerfile::context::Context;
use crate::dockerfile::error::Problem;
use crate::dockerfile::files::each_content;

/// Where the contents of one instruction are, and how layers are written.
pub struct Writing<'a> {
    /// Where layers go.
    pub store: &'a Store,
    /// How they are compressed.
    pub compression: Compression,
    /// Modification time of every entry.
    pub mtime: i64,
    /// Where [`Content::Source`] is.
    pub origin: Origin<'a>,
    /// Where [`Content::Stretch`] is.
    pub unpacked: Option<&'a File>,
}

/// Where an instruction takes files from.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// A directory.
    Context(&'a Context),
    /// Layers of the store, lowest first.
    Layers(&'a [Layer]),
}

impl Writing<'_> {
    /// The layer of `changes` over `lower`; equal changes give the same bytes, and are written once.
    ///
    /// # Errors
    /// The store; a file that changed since it was looked at.
    pub fn layer(&self, lower: &Tree, changes: &BTreeMap<TreePath, Change>) -> Result<Layer, Problem> {
        let mut tree = Tree::new();
        for (path, change) in changes {
            // Engines that unpack a layer on its own would give missing directories a mode of theirs.
            let parents = std::iter::successors(path.parent(), TreePath::parent);
            for parent in parents.filter(|parent| !parent.is_root() && !changes.contains_key(parent)) {
                if let Some(entry) = lower.get(&parent) {
                    tree.insert(parent, entry.clone());
                }
            }
            tree.insert(path.clone(), change.entry.clone());
        }
        let identity = format!("layer 1 {} {}\n{}", self.mtime, self.compression.encoder_id(), tree.digest());
        let key = Digest::of(identity);
        if let Some(layer) = known_layer(self.store, &key) {
            return Ok(layer);
        }
        let part = self.part(&tree, changes)?;
        let layer = join(self.store, &[part], self.compression).map_err(BuildError::from)?;
        self.store.put_action(&key, &serde_json::to_vec(&layer).expect("plain data"))?;
        Ok(layer)
    }

    fn part(&self, tree: &Tree, changes: &BTreeMap<TreePath, Change>) -> Result<Part, Problem> {
        let spool = self.spool(changes)?;
        let mut writer =
            PartWriter::new(self.store, self.compression, self.mtime).map_err(BuildError::from)?;
        for (path, entry) in &tree.entries {
            let Kind::File { size, digest } = &entry.kind else {
                writer.append(path, entry).map_err(BuildError::from)?;
                continue;
            };
            let content = changes.get(path).map_or(&Content::Nothing, |change| &change.content);
            let mut bytes = self.open(path, content, digest, spool.as_ref())?;
            let meta = FileMeta { mode: entry.mode, owner: entry.owner, xattrs: entry.xattrs.clone() };
            let found = writer.append_file(path, &meta, *size, &mut bytes).map_err(|error| match error {
                PartError::Size { .. } => BuildError::Changed { path: path.to_string() },
                other => BuildError::Part(other),
            })?;
            check(path, entry, &found)?;
        }
        Ok(writer.finish().map_err(BuildError::from)?)
    }

    fn open<'c>(
        &'c self,
        path: &TreePath,
        content: &'c Content,
        digest: &Digest,
        spool: Option<&'c Spool>,
    ) -> Result<Box<dyn Read + 'c>, Problem> {
        match (content, self.origin) {
            (Content::Bytes(bytes), _) => Ok(Box::new(&bytes[..])),
            (Content::Blob(blob), _) => Ok(Box::new(self.store.open_blob(blob)?)),
            (Content::Source(source), Origin::Context(context)) => Ok(Box::new(context.open_file(source)?)),
            (Content::Source(_), Origin::Layers(_)) => match spool.and_then(|spool| spool.open(digest)) {
                Some(reader) => Ok(Box::new(reader)),
                None => Err(BuildError::Changed { path: path.to_string() }.into()),
            },
            (Content::Stretch(Stretch { start, size }), _) => match self.unpacked {
                Some(file) => Ok(Box::new(Section { file, at: *start, left: *size })),
                None => Err(BuildError::Changed { path: path.to_string() }.into()),
            },
            (Content::Nothing, _) => Err(BuildError::Changed { path: path.to_string() }.into()),
        }
    }

    /// Takes the contents out of the source's layers; they come in another order than they are written.
    fn spool(&self, changes: &BTreeMap<TreePath, Change>) -> Result<Option<Spool>, Problem> {
        let Origin::Layers(layers) = self.origin else { return Ok(None) };
        let wanted: BTreeMap<Digest, u64> = changes
            .values()
            .filter(|change| matches!(change.content, Content::Source(_)))
            .filter_map(|change| match change.entry.kind {
                Kind::File { digest, size } => Some((digest, size)),
                _ => None,
            })
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        Spool::fill(self.store, layers, &wanted).map(Some)
    }
}

fn check(path: &TreePath, wanted: &Entry, found: &Entry) -> Result<(), Problem> {
    match wanted.kind == found.kind {
        true => Ok(()),
        false => Err(BuildError::Changed { path: path.to_string() }.into()),
    }
}

/// The layer kept under `key`, when its bytes are still there.
pub fn known_layer(store: &Store, key: &Digest) -> Option<Layer> {
    let layer: Layer = serde_json::from_slice(&store.action(key)?).ok()?;
    (store.size(&layer.digest) == Some(layer.size)).then_some(layer)
}

/// Contents side by side in an unnamed file.
struct Spool {
    file: File,
    places: BTreeMap<Digest, (u64, u64)>,
}

impl Spool {
    fn fill(store: &Store, layers: &[Layer], wanted: &BTreeMap<Digest, u64>) -> Result<Self, Problem> {
        let directory = store.temporary_directory();
        let mut file = tempfile::tempfile_in(&directory).map_err(|error| Problem::Read {
            path: directory.display().to_string(),
            reason: error.to_string(),
        })?;
        let sizes: BTreeSet<u64> = wanted.values().copied().collect();
        let mut places = BTreeMap::new();
        let mut end = 0;
        each_content(store, layers, &mut |member, content| {
            if !sizes.contains(&member.size()) {
                return Ok(true);
            }
            file.seek(SeekFrom::Start(end))?;
            let mut content = DigestReader::new(content);
            let mut buffered = io::BufWriter::new(&mut file);
            io::copy(&mut content, &mut buffered)?;
            buffered.flush()?;
            drop(buffered);
            let (_, digest, size) = content.finish();
            if wanted.contains_key(&digest) && !places.contains_key(&digest) {
                places.insert(digest, (end, size));
                end += size;
            }
            Ok(places.len() < wanted.len())
        })?;
        Ok(Self { file, places })
    }

    fn open(&self, digest: &Digest) -> Option<Section<'_>> {
        let (start, size) = self.places.get(digest)?;
        Some(Section { file: &self.file, at: *start, left: *size })
    }
}

/// A stretch of a file, read without moving the file's own position.
struct Section<'f> {
    file: &'f File,
    at: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..length], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

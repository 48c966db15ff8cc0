//! Unpacks a Debian package: placed by its slice and merged `/usr`, its maintainer scripts accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use bareboat_image::{Entry, FileMeta, Kind, Owner, PartWriter, TreePath};
use bareboat_packages::debfile::{DebEntry, DebKind, DebReader};
use bareboat_packages::scripts;
use bareboat_packages::system::placement::{Placed, Placer};
use bareboat_packages::system::slices::Slicing;
use bareboat_packages::system::{Generated, certificates, dpkg_status};
use bareboat_store::Digest;

use super::look::spool;
use super::sources::{Source, Stash, is_source};
use crate::BuildError;
use crate::piece::{Captured, DebianFacts, Piece};
use crate::plan::MTIME;
use crate::solve::Context;

/// The piece a package brings: its files, and what dpkg would have recorded of it.
///
/// # Errors
/// A hostile or damaged package.
pub fn unpack(
    context: &Context<'_>,
    blob: &Digest,
    slicing: Slicing,
    exclude: &BTreeSet<TreePath>,
) -> Result<Piece, BuildError> {
    let mut reader = DebReader::open(context.store.open_blob(blob)?)?;
    let package = reader.control().package().to_owned();
    let account = scripts::account(&package, reader.control_files());
    let facts = DebianFacts {
        control: reader.control().text().to_owned(),
        dropped: 0,
        uncovered: account.uncovered,
        covered: account.covered,
        alternatives: account.alternatives,
    };
    let status = dpkg_status::generate(reader.control(), reader.control_files());
    let mut unpacking = Unpacking {
        context,
        placer: Placer::new(&package, slicing),
        exclude,
        writer: PartWriter::new(context.store, context.compression, MTIME)?,
        piece: Piece { debian: Some(facts), ..Piece::empty() },
        sources: Vec::new(),
        source_bytes: 0,
        captured: BTreeMap::new(),
        captured_bytes: 0,
    };
    reader.for_each_entry(|entry, content| unpacking.entry(entry, content))?;
    for generated in &status {
        unpacking.generated(generated)?;
    }
    let Unpacking { writer, mut piece, sources, source_bytes, captured, .. } = unpacking;
    piece.part = Some(writer.finish()?);
    piece.captured = Captured::keep(context.store, &captured)?;
    if source_bytes <= Stash::LARGEST {
        context.sources.put(*blob, sources);
    }
    Ok(piece)
}

struct Unpacking<'a> {
    context: &'a Context<'a>,
    placer: Placer<'a>,
    exclude: &'a BTreeSet<TreePath>,
    writer: PartWriter<'a>,
    piece: Piece,
    /// Python sources, until there are too many to keep.
    sources: Vec<Source>,
    source_bytes: usize,
    captured: BTreeMap<TreePath, Vec<u8>>,
    captured_bytes: u64,
}

impl Unpacking<'_> {
    fn entry(&mut self, entry: &DebEntry, content: &mut dyn Read) -> Result<(), BuildError> {
        if certificates::is_source(&entry.path) && entry.kind == DebKind::File {
            return self.certificate(entry, content);
        }
        let placed = match self.placer.place(entry)? {
            Placed::Keep(placed) if !self.exclude.contains(&placed.path) => placed,
            Placed::Drop(_) => {
                self.piece.debian.get_or_insert_default().dropped += entry.size;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let kept = match &placed.kind {
            DebKind::Directory => Entry { owner: placed.owner, ..Entry::directory(placed.mode) },
            DebKind::File => self.file(&placed, content)?,
            DebKind::Symlink { target } => self.link(&placed, Entry::symlink(target.as_str()))?,
            DebKind::HardLink { target } => {
                let kind = Kind::HardLink { target: target.clone() };
                let entry =
                    Entry { kind, mode: placed.mode, owner: placed.owner, xattrs: Default::default() };
                self.link(&placed, entry)?
            }
        };
        self.piece.tree.insert(placed.path, kept);
        Ok(())
    }

    /// A certificate authority goes into the bundle, not into the image as a file of its own.
    fn certificate(&mut self, entry: &DebEntry, content: &mut dyn Read) -> Result<(), BuildError> {
        let mut bytes = Vec::new();
        let fail = |reason: String| BuildError::Read { path: entry.path.to_string(), reason };
        content.take(LARGEST_CAPTURED).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
        self.captured_bytes += bytes.len() as u64;
        if self.captured_bytes > Captured::LARGEST {
            return Err(fail("the package holds more certificates than there are in the world".to_owned()));
        }
        self.captured.insert(entry.path.clone(), bytes);
        Ok(())
    }

    fn file(&mut self, placed: &DebEntry, content: &mut dyn Read) -> Result<Entry, BuildError> {
        let meta = FileMeta { mode: placed.mode, owner: placed.owner, ..FileMeta::default() };
        let mut spooled = spool(self.context.store, &placed.path, content, placed.size)
            .map_err(|error| BuildError::Read { path: placed.path.to_string(), reason: error.to_string() })?;
        let kept = self.writer.append_file(&placed.path, &meta, placed.size, spooled.reader())?;
        let compiles = self.context.interpreter.is_some() && is_source(&placed.path);
        if let Some(bytes) = spooled.bytes().filter(|_| compiles) {
            self.source_bytes += bytes.len();
            if self.source_bytes <= Stash::LARGEST {
                self.sources.push((placed.path.clone(), bytes.to_vec()));
            }
        }
        spooled.record(&mut self.piece, &placed.path, placed.mode);
        Ok(kept)
    }

    fn link(&mut self, placed: &DebEntry, entry: Entry) -> Result<Entry, BuildError> {
        self.writer.append(&placed.path, &entry)?;
        Ok(entry)
    }

    fn generated(&mut self, generated: &Generated) -> Result<(), BuildError> {
        let meta = FileMeta { mode: 0o644, owner: Owner::ROOT, ..FileMeta::default() };
        let entry = self.writer.append_bytes(&generated.path, &meta, &generated.content)?;
        self.piece.tree.insert(generated.path.clone(), entry);
        Ok(())
    }
}

/// The most bytes a certificate authority's file may have; a usual one has 2 kB.
const LARGEST_CAPTURED: u64 = 1 << 20;

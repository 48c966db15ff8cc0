//! Unpacks a Debian package: sliced, with merged `/usr`, its maintainer scripts accounted for.

use std::collections::BTreeSet;
use std::io::Read;

use bareboat_image::{Entry, FileMeta, Kind, PartWriter, TreePath};
use bareboat_packages::debfile::{DebEntry, DebKind, DebReader};
use bareboat_packages::scripts;
use bareboat_packages::system::{Slice, Verdict, usr_merge};
use bareboat_store::Digest;

use super::elf_spool::spool;
use crate::BuildError;
use crate::piece::{DebianFacts, Piece};
use crate::plan::MTIME;
use crate::solve::Context;

/// What is kept of a package.
pub struct Options<'a> {
    /// The slice.
    pub slice: Slice,
    /// Every gconv module stays.
    pub keep_gconv: bool,
    /// Paths to leave out.
    pub exclude: &'a BTreeSet<TreePath>,
}

/// The piece a package brings.
///
/// # Errors
/// A hostile or damaged package.
pub fn unpack(context: &Context<'_>, blob: &Digest, options: &Options<'_>) -> Result<Piece, BuildError> {
    let mut reader = DebReader::open(context.store.open_blob(blob)?)?;
    let package = reader.control().package().to_owned();
    let control = reader.control_files();
    let account = scripts::account(&package, control);
    let facts = DebianFacts {
        control: reader.control().text().to_owned(),
        md5sums: control.text("md5sums").unwrap_or_default().into_owned(),
        dropped: 0,
        uncovered: account.uncovered,
        covered: account.covered,
    };
    let mut unpacking = Unpacking {
        context,
        options,
        package,
        writer: PartWriter::new(context.store, context.compression, MTIME)?,
        piece: Piece::empty(),
        facts,
        written: false,
    };
    reader.for_each_entry(|entry, content| unpacking.entry(entry, content))?;
    let Unpacking { writer, mut piece, facts, written, .. } = unpacking;
    piece.part = if written { Some(writer.finish()?) } else { None };
    piece.debian = Some(facts);
    Ok(piece)
}

struct Unpacking<'a> {
    context: &'a Context<'a>,
    options: &'a Options<'a>,
    package: String,
    writer: PartWriter<'a>,
    piece: Piece,
    facts: DebianFacts,
    written: bool,
}

impl Unpacking<'_> {
    fn entry(&mut self, entry: &DebEntry, content: &mut dyn Read) -> Result<(), BuildError> {
        let path = usr_merge::rewrite(&entry.path);
        if usr_merge::is_alias(&path) || self.options.exclude.contains(&path) {
            return Ok(());
        }
        let verdict = self.options.slice.verdict(&self.package, &path, self.options.keep_gconv);
        if entry.kind != DebKind::Directory && matches!(verdict, Verdict::Drop(_)) {
            self.facts.dropped += entry.size;
            return Ok(());
        }
        let kept = match &entry.kind {
            // Directories come with the files below them; only an empty or special one is kept for itself.
            DebKind::Directory => self.directory(entry, matches!(verdict, Verdict::Drop(_))),
            DebKind::File => Some(self.file(&path, entry, content)?),
            DebKind::Symlink { target } => {
                Some(self.link(&path, Kind::Symlink { target: usr_merge::rewrite_target(&path, target) })?)
            }
            DebKind::HardLink { target } => {
                let target = usr_merge::rewrite(target);
                Some(self.link(&path, Kind::HardLink { target })?)
            }
        };
        if let Some(kept) = kept {
            self.piece.tree.insert(path, kept);
        }
        Ok(())
    }

    fn directory(&self, entry: &DebEntry, dropped: bool) -> Option<Entry> {
        let directory = Entry { owner: entry.owner, ..Entry::directory(entry.mode) };
        (!dropped).then_some(directory)
    }

    fn file(&mut self, path: &TreePath, entry: &DebEntry, content: &mut dyn Read) -> Result<Entry, BuildError> {
        let meta = FileMeta { mode: entry.mode, owner: entry.owner, ..FileMeta::default() };
        let mut spooled = spool(self.context.store, content, entry.size)
            .map_err(|error| BuildError::Read { path: path.to_string(), reason: error.to_string() })?;
        let (reader, facts) = spooled.split();
        let kept = self.writer.append_file(path, &meta, entry.size, reader)?;
        if let Some(facts) = facts {
            self.piece.elf.insert(path.clone(), facts);
        }
        self.written = true;
        Ok(kept)
    }

    fn link(&mut self, path: &TreePath, kind: Kind) -> Result<Entry, BuildError> {
        let entry = match kind {
            Kind::Symlink { target } => Entry::symlink(target),
            kind => Entry { kind, mode: 0o644, owner: bareboat_image::Owner::ROOT, xattrs: Default::default() },
        };
        self.writer.append(path, &entry)?;
        self.written = true;
        Ok(entry)
    }
}

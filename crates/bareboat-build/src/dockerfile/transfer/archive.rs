//! ADD of a local archive: recognised by its content, whatever it is called, and unpacked into a directory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use bareboat_image::tar::read::{Limits, Member, MemberKind, TarError, TarReader};
use bareboat_image::{Entry, Kind, Owner, TreePath, decompressed};
use bareboat_store::{Digest, DigestReader, Store};

use super::changes::{Change, Changes, Content, occupied};
use crate::dockerfile::error::Problem;
use crate::dockerfile::walk;

/// An archive that is being taken apart. Contents go into an unnamed file, from which layers are written.
pub struct Unpacking {
    file: File,
    end: u64,
}

/// A stretch of that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}

/// What a file turned out to be.
enum Found {
    Archive(Box<TarReader<Box<dyn Read>>>, Box<Member>),
    Other,
}

impl Unpacking {
    /// Nothing unpacked yet.
    ///
    /// # Errors
    /// The store's directory for temporary files cannot be written to.
    pub fn new(store: &Store) -> Result<Self, Problem> {
        let directory = store.temporary_directory();
        let file = tempfile::tempfile_in(&directory).map_err(|error| Problem::Read {
            path: directory.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self { file, end: 0 })
    }

    /// The unnamed file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Unpacks `archive` into `destination`; false when it is no archive and nothing happened. `owner` is that of all
    /// entries instead of their own.
    ///
    /// # Errors
    /// A damaged archive; an entry below a link that the archive itself makes; a compression that is not supported yet.
    pub fn unpack(
        &mut self,
        changes: &mut Changes<'_>,
        name: &TreePath,
        archive: File,
        destination: &str,
        owner: Option<Owner>,
    ) -> Result<bool, Problem> {
        let Found::Archive(mut reader, first) = recognise(name, archive)? else { return Ok(false) };
        let root = changes.resolve(&walk::clean(destination))?;
        changes.make_directories(&root, 0o755, owner.unwrap_or(Owner::ROOT))?;
        let fail = |error: TarError| broken(name, &error);
        let mut links = BTreeSet::new();
        let mut next = Some(*first);
        while let Some(mut member) = next {
            if let Some(owner) = owner {
                member.owner = owner;
            }
            let change = self.change(&root, &member, &mut reader.content()).map_err(|error| {
                let reason = error.to_string();
                Problem::Read { path: name.to_string(), reason }
            })?;
            put(changes, &root, &member, change, &mut links)?;
            next = reader.next_member().map_err(fail)?;
        }
        Ok(true)
    }

    fn change(&mut self, root: &TreePath, member: &Member, content: &mut dyn Read) -> io::Result<Change> {
        let (kind, content) = match &member.kind {
            MemberKind::Other(Kind::HardLink { target }) => {
                let target = root.join(target.as_bytes()).map_err(io::Error::other)?;
                (Kind::HardLink { target }, Content::Nothing)
            }
            MemberKind::Other(kind) => (kind.clone(), Content::Nothing),
            MemberKind::File { size } => {
                let start = self.end;
                self.file.seek(SeekFrom::Start(start))?;
                let mut content = DigestReader::new(content);
                let mut output = io::BufWriter::new(&mut self.file);
                io::copy(&mut content, &mut output)?;
                output.flush()?;
                drop(output);
                self.end += size;
                let digest: Digest = content.finish().1;
                (Kind::File { digest, size: *size }, Content::Stretch(Stretch { start, size: *size }))
            }
        };
        let (mode, owner, xattrs) = (member.mode, member.owner, member.xattrs.clone());
        Ok(Change { entry: Entry { kind, mode, owner, xattrs }, content })
    }
}

/// Puts one entry below `root`. `links` are the links that the archive has made so far.
fn put(
    changes: &mut Changes<'_>,
    root: &TreePath,
    member: &Member,
    change: Change,
    links: &mut BTreeSet<TreePath>,
) -> Result<(), Problem> {
    // They would take files away from a layer; unpacked for real they never showed.
    if member.path.is_root() || member.path.file_name().starts_with(b".wh.") {
        return Ok(());
    }
    let whole = |error: bareboat_image::PathError| Problem::words(error.to_string());
    let written = root.join(member.path.as_bytes()).map_err(whole)?;
    let parents = std::iter::successors(written.parent(), TreePath::parent);
    if let Some(link) = parents.into_iter().find(|parent| links.contains(parent)) {
        return Err(occupied(&link, "the archive makes it a link and puts files below it"));
    }
    let parent = changes.resolve(&written.parent().unwrap_or_default())?;
    changes.make_directories(&parent, 0o755, Owner::ROOT)?;
    let path = parent.join(written.file_name()).map_err(whole)?;
    match &change.entry.kind {
        Kind::Directory => {
            if changes.get(&path).is_some() && !changes.is_directory(&path) {
                return Err(occupied(&path, "it is not a directory"));
            }
            changes.put_directory(path, change.entry);
            return Ok(());
        }
        Kind::Symlink { .. } => drop(links.insert(written)),
        Kind::HardLink { target } if changes.get(target).is_none() => {
            return Err(occupied(&path, "it is a hard link to nothing"));
        }
        _ => {}
    }
    changes.put(path, change)
}

/// Looks whether a file is an archive: one that has at least one entry.
fn recognise(name: &TreePath, file: File) -> Result<Found, Problem> {
    let mut input = BufReader::new(file);
    let mut start = [0; 6];
    let read = read_start(&mut input, &mut start).map_err(|error| broken(name, &error))?;
    input.rewind().map_err(|error| broken(name, &error))?;
    if start[..read].starts_with(b"BZh") {
        return Err(Problem::Unsupported {
            what: format!("unpacking what bzip2 compressed, as `{name}` is,"),
            hint: Some("compress it with gzip, xz or zstd, or copy it with `--unpack=false`".to_owned()),
        });
    }
    let plain: Box<dyn Read> = match &start[..read] {
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(input)),
        _ => match decompressed(input) {
            Ok(plain) => Box::new(plain),
            Err(_) => return Ok(Found::Other),
        },
    };
    let mut reader = TarReader::new(plain, Limits::default());
    match reader.next_member() {
        Ok(Some(member)) => Ok(Found::Archive(Box::new(reader), Box::new(member))),
        // An archive, but one that nobody should unpack.
        Err(error @ (TarError::Entry { .. } | TarError::TooLarge { .. })) => Err(broken(name, &error)),
        Ok(None) | Err(_) => Ok(Found::Other),
    }
}

fn read_start(input: &mut impl Read, start: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < start.len() {
        match input.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

fn broken(name: &TreePath, error: &dyn std::error::Error) -> Problem {
    Problem::Read { path: name.to_string(), reason: error.to_string() }
}

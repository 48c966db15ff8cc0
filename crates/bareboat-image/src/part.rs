//! Parts of layers: one package's complete tar entries, compressed once and joined into layers byte for byte.
//!
//! A part is a run of complete gzip members (or zstd frames) that hold complete tar entries without the end of an
//! archive. Content that is deflated already, as in a wheel, becomes a gzip member of its own without being
//! compressed again: `[member: header block][10 bytes, the raw deflate data, CRC-32, size][member: padding, …]`.
//! Such a *transplant* costs inflating once for the checks, and no more memory for a gigabyte than for a kilobyte.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use bareboat_store::{BlobWriter, Digest, DigestWriter, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::blocks::{Blocks, Segment};
use crate::deflate::{Inflater, Piece};
use crate::tar::write::{EntryError, padding, write_header};
use crate::{Compression, DeflateFault, Deflated, Entry, Kind, Owner, TreePath};

/// Deflate data smaller than this is inflated and compressed again with its neighbours: a member of its own and the
/// cut before and after it would cost more than they save.
pub(crate) const SMALLEST_TRANSPLANT: u64 = 4096;

/// A finished part, lying in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The compressed bytes.
    pub blob: Digest,
    /// Compressed bytes.
    pub size: u64,
    /// Bytes of tar, a multiple of 512.
    pub tar_size: u64,
    /// How it is compressed.
    pub compression: Compression,
    /// What it consists of, in order.
    pub(crate) segments: Vec<Segment>,
}

/// A regular file's metadata, before its content is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileMeta {
    /// Permission bits, as in [`Entry::mode`].
    pub mode: u16,
    /// Numeric owner.
    pub owner: Owner,
    /// Extended attributes, as in [`Entry::xattrs`].
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

impl FileMeta {
    /// A root-owned file without extended attributes.
    pub fn new(mode: u16) -> Self {
        Self { mode, ..Self::default() }
    }

    fn entry(&self, digest: Digest, size: u64) -> Entry {
        let kind = Kind::File { digest, size };
        Entry { kind, mode: self.mode, owner: self.owner, xattrs: self.xattrs.clone() }
    }
}

/// Writes one part. Dropped unfinished, it leaves nothing behind; after an error it must be dropped.
pub struct PartWriter<'s> {
    store: &'s Store,
    blocks: Blocks<BlobWriter<'s>>,
    compression: Compression,
    mtime: i64,
    tar_size: u64,
    state: State,
    inflater: Option<Inflater>,
    buffer: Vec<u8>,
}

#[derive(PartialEq)]
enum State {
    BetweenEntries,
    WithinEntry,
}

impl<'s> PartWriter<'s> {
    /// Starts a part whose entries all have the modification time `mtime`, in seconds since 1970.
    pub fn new(store: &'s Store, compression: Compression, mtime: i64) -> Result<Self, PartError> {
        // More than four threads find nothing to do: hashing and reading the content keep up with no more.
        Self::with_threads(store, compression, mtime, rayon::current_num_threads().min(4))
    }

    /// As [`PartWriter::new`] with a number of threads for parts larger than one block. It changes no byte.
    pub fn with_threads(
        store: &'s Store,
        compression: Compression,
        mtime: i64,
        threads: usize,
    ) -> Result<Self, PartError> {
        let blocks = Blocks::new(store.writer()?, compression, threads);
        Ok(Self {
            store,
            blocks,
            compression,
            mtime,
            tar_size: 0,
            state: State::BetweenEntries,
            inflater: None,
            buffer: Vec::new(),
        })
    }

    /// Gives the entries that follow another modification time, in seconds since 1970.
    pub fn set_time(&mut self, mtime: i64) {
        self.mtime = mtime;
    }

    /// Appends anything but a regular file.
    ///
    /// # Errors
    /// [`PartError::NeedsContent`] for a regular file; [`PartError::Entry`] for what could not be unpacked again.
    pub fn append(&mut self, path: &TreePath, entry: &Entry) -> Result<(), PartError> {
        if let Kind::File { .. } = entry.kind {
            return Err(PartError::NeedsContent { path: path.clone() });
        }
        self.begin(path, entry)?;
        self.state = State::BetweenEntries;
        Ok(())
    }

    /// Appends a regular file of exactly `size` bytes read from `content`; the entry with its content's digest.
    ///
    /// # Errors
    /// [`PartError::Size`] when `content` has more or fewer bytes, [`PartError::Read`] when reading it fails.
    pub fn append_file(
        &mut self,
        path: &TreePath,
        meta: &FileMeta,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Entry, PartError> {
        self.begin(path, &meta.entry(NO_DIGEST, size))?;
        let mut hasher = DigestWriter::new(io::sink());
        self.buffer.resize(BUFFER, 0);
        let mut left = size;
        loop {
            let read = match content.read(&mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(PartError::Read { path: path.clone(), source }),
            };
            let wrong_size = || PartError::Size { path: path.clone(), announced: size };
            if read == 0 {
                if left > 0 {
                    return Err(wrong_size());
                }
                break;
            }
            left = left.checked_sub(read as u64).ok_or_else(wrong_size)?;
            hasher
                .write_all(&self.buffer[..read])
                .and_then(|()| self.blocks.push(&self.buffer[..read]))
                .or_store(self.store)?;
        }
        self.end(size)?;
        Ok(meta.entry(hasher.finish().1, size))
    }

    /// Appends a regular file with `content`.
    pub fn append_bytes(
        &mut self,
        path: &TreePath,
        meta: &FileMeta,
        content: &[u8],
    ) -> Result<Entry, PartError> {
        let size = content.len() as u64;
        let entry = meta.entry(Digest::of(content), size);
        self.begin(path, &entry)?;
        self.blocks.push(content).or_store(self.store)?;
        self.end(size)?;
        Ok(entry)
    }

    /// Appends a regular file whose content comes deflated, without compressing it again where the layer is gzip.
    ///
    /// # Errors
    /// [`PartError::Deflated`] when the data is not exactly what was announced.
    pub fn append_deflated(
        &mut self,
        path: &TreePath,
        meta: &FileMeta,
        deflated: Deflated<'_>,
    ) -> Result<Entry, PartError> {
        let (raw_size, size, crc32) = (deflated.raw_size, deflated.size, deflated.crc32);
        let transplant = self.compression == Compression::Gzip && raw_size >= SMALLEST_TRANSPLANT;
        self.begin(path, &meta.entry(NO_DIGEST, size))?;
        let inflater = self.inflater.get_or_insert_with(Inflater::new);
        let digest = if transplant {
            let output = self.blocks.close_block().or_store(self.store)?;
            output.write_bytes(&MEMBER_HEADER)?;
            let digest = inflater.inflate(deflated, |piece| match piece {
                Piece::Raw(raw) => output.write_bytes(raw).map_err(Broken::Store),
                Piece::Plain(_) => Ok(()),
            });
            output.write_bytes(&crc32.to_le_bytes())?;
            // ISIZE is the size modulo 2^32 (RFC 1952 section 2.3.1): one member may hold more than 4 GiB.
            output.write_bytes(&(size as u32).to_le_bytes())?;
            self.blocks.note(MEMBER_HEADER.len() as u64 + raw_size + 8, size);
            digest
        } else {
            inflater.inflate(deflated, |piece| match piece {
                Piece::Raw(_) => Ok(()),
                Piece::Plain(plain) => self.blocks.push(plain).or_store(self.store).map_err(Broken::Store),
            })
        };
        let digest = digest.map_err(|broken| match broken {
            Broken::Store(error) => PartError::Store(error),
            Broken::Deflated(fault) => PartError::Deflated { path: path.clone(), fault },
        })?;
        self.end(size)?;
        Ok(meta.entry(digest, size))
    }

    /// Publishes the part.
    ///
    /// # Errors
    /// [`PartError::Unfinished`] when an append failed before.
    pub fn finish(self) -> Result<Part, PartError> {
        if self.state != State::BetweenEntries {
            return Err(PartError::Unfinished);
        }
        let (blob, segments) = self.blocks.finish().or_store(self.store)?;
        let (blob, size) = blob.finish()?;
        Ok(Part { blob, size, tar_size: self.tar_size, compression: self.compression, segments })
    }

    fn begin(&mut self, path: &TreePath, entry: &Entry) -> Result<(), PartError> {
        if self.state != State::BetweenEntries {
            return Err(PartError::Unfinished);
        }
        let mut header = Vec::with_capacity(crate::tar::write::BLOCK);
        write_header(&mut header, path, entry, self.mtime)?;
        self.state = State::WithinEntry;
        self.tar_size += header.len() as u64;
        self.blocks.push(&header).or_store(self.store)?;
        Ok(())
    }

    fn end(&mut self, size: u64) -> Result<(), PartError> {
        let padding = padding(size);
        self.blocks.push_zeros(padding).or_store(self.store)?;
        self.tar_size += size + padding as u64;
        self.state = State::BetweenEntries;
        Ok(())
    }
}

/// Why a part could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The entry is not one that can be unpacked.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A regular file was given without content.
    #[error("cannot write `{path}` into a layer without its content")]
    NeedsContent {
        /// The file.
        path: TreePath,
    },
    /// The content could not be read.
    #[error("cannot read the content of `{path}`: {source}")]
    Read {
        /// The file.
        path: TreePath,
        /// Why.
        source: io::Error,
    },
    /// The content has another size than announced, as when a file changes while it is read.
    #[error("the content of `{path}` has more or less than the announced {announced} bytes")]
    Size {
        /// The file.
        path: TreePath,
        /// Bytes announced.
        announced: u64,
    },
    /// Deflated content is not what its archive claims.
    #[error("cannot take over the content of `{path}`: {fault}")]
    Deflated {
        /// The file.
        path: TreePath,
        /// What is wrong.
        fault: DeflateFault,
    },
    /// An entry was left half written by an earlier error.
    #[error("the part holds a half-written entry after an earlier error")]
    Unfinished,
}

impl PartError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Size { .. } => Some("run the build again while nothing changes the file".into()),
            _ => None,
        }
    }
}

/// Why inflating stopped.
enum Broken {
    Store(StoreError),
    Deflated(DeflateFault),
}

impl From<DeflateFault> for Broken {
    fn from(fault: DeflateFault) -> Self {
        Self::Deflated(fault)
    }
}

/// Names the store in errors of writing to it.
pub(crate) trait OrStore<T> {
    /// The store's own error; a full disk stays recognisable.
    fn or_store(self, store: &Store) -> Result<T, StoreError>;
}

impl<T> OrStore<T> for io::Result<T> {
    fn or_store(self, store: &Store) -> Result<T, StoreError> {
        self.map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull { directory: store.temporary_directory(), wanted: None }
            }
            _ => StoreError::Io { act: "write a layer to", path: store.temporary_directory(), source },
        })
    }
}

/// RFC 1952 section 2.3: deflate, no flags, no time, no extra flags, unknown system. As libdeflate writes it.
const MEMBER_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Headers do not hold digests; the real one is known once the content has passed.
const NO_DIGEST: Digest = Digest::from_bytes([0; 32]);
const BUFFER: usize = 128 * 1024;

#[cfg(test)]
#[path = "part_tests.rs"]
mod tests;

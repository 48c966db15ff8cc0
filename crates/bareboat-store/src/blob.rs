//! Blobs: bytes addressed by their digest.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::FallocateFlags;
use tempfile::NamedTempFile;

use crate::publish::{publish, temporary_file};
use crate::{Digest, DigestWriter, Store, StoreError};

impl Store {
    /// Keeps `bytes`. Writes nothing when the blob is there already.
    pub fn insert(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if self.size(&digest) == Some(bytes.len() as u64) {
            return Ok(digest);
        }
        let mut writer = self.writer()?;
        writer.write_bytes(bytes)?;
        writer.finish().map(|(digest, _)| digest)
    }

    /// Starts a blob whose length is not known yet.
    pub fn writer(&self) -> Result<BlobWriter<'_>, StoreError> {
        let file = temporary_file(&self.temporary_directory())?;
        let output = DigestWriter::new(BufWriter::with_capacity(BUFFER, file));
        Ok(BlobWriter { store: self, output, wanted: None })
    }

    /// Starts a blob of `size` bytes: a disk too small for it is noticed now, not after most of it has been written.
    pub fn writer_sized(&self, size: u64) -> Result<BlobWriter<'_>, StoreError> {
        let mut writer = self.writer()?;
        writer.wanted = Some(size);
        writer.reserve()?;
        Ok(writer)
    }

    /// True when the blob is there. Counts as a use of it.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.size(digest).is_some()
    }

    /// The blob's length in bytes; `None` when it is absent. Counts as a use of it.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        let path = self.path(digest);
        let metadata = fs::metadata(&path).ok()?;
        // What a power cut commonly leaves of a file that was renamed before its bytes reached the disk.
        if metadata.len() == 0 && *digest != Digest::of(b"") {
            return None;
        }
        self.touch(&path, &metadata);
        Some(metadata.len())
    }

    /// Opens the blob without checking its bytes. Prefer [`Store::read`] and [`Store::read_verified_to`].
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it is absent.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, StoreError> {
        let path = self.path(digest);
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Missing { digest: *digest },
            _ => StoreError::io("open", &path, error),
        })?;
        let metadata = file.metadata().map_err(|error| StoreError::io("examine", &path, error))?;
        self.touch(&path, &metadata);
        Ok(file)
    }

    /// The blob's bytes, checked against the digest.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::TooLarge`] above `limit` bytes; [`StoreError::Corrupt`] when the bytes
    /// are not the blob's: it is gone then, so fetching or building it again heals the store.
    pub fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, StoreError> {
        let mut file = self.open_blob(digest)?;
        let path = self.path(digest);
        let fail = |error| StoreError::io("read", &path, error);
        let size = file.metadata().map_err(fail)?.len();
        let too_large = || StoreError::TooLarge { what: format!("blob {digest}"), limit };
        if size > limit {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| too_large())?);
        (&mut file).take(size).read_to_end(&mut bytes).map_err(fail)?;
        self.check(digest, &file, Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Copies the blob to `output`, checking it on the way; returns its length in bytes.
    ///
    /// # Errors
    /// As [`Store::read`], and the error of `output`. After any error what `output` got must be thrown away.
    pub fn read_verified_to(&self, digest: &Digest, output: &mut dyn Write) -> Result<u64, StoreError> {
        let mut file = self.open_blob(digest)?;
        let path = self.path(digest);
        let mut output = DigestWriter::new(output);
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match file.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(StoreError::io("read", &path, error)),
            };
            if read == 0 {
                break;
            }
            output.write_all(&buffer[..read]).map_err(|error| {
                StoreError::inside(error)
                    .unwrap_or_else(|source| StoreError::Output { digest: *digest, source })
            })?;
        }
        let (_, found, length) = output.finish();
        self.check(digest, &file, found)?;
        Ok(length)
    }

    /// Removes the blob when its bytes, read from `file`, were found to be others.
    fn check(&self, digest: &Digest, file: &File, found: Digest) -> Result<(), StoreError> {
        if *digest == found {
            return Ok(());
        }
        remove_exactly(&self.path(digest), file);
        Err(StoreError::Corrupt { digest: *digest, found })
    }
}

/// Removes `path` if it still names `file`: somebody may have put a good one there since.
fn remove_exactly(path: &Path, file: &File) {
    let same = match (fs::metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
        _ => false,
    };
    if same {
        let _ = fs::remove_file(path);
    }
}

/// A blob being written. Dropped unfinished, it leaves nothing behind.
pub struct BlobWriter<'a> {
    store: &'a Store,
    output: DigestWriter<BufWriter<NamedTempFile>>,
    wanted: Option<u64>,
}

impl BlobWriter<'_> {
    /// Writes all of `bytes`; unlike [`Write::write_all`], names the directory when the disk is full.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_all(bytes).map_err(|error| {
            StoreError::inside(error).unwrap_or_else(|error| self.store.write_failed(error, self.wanted))
        })
    }

    /// Publishes the blob; its digest and its length in bytes.
    pub fn finish(self) -> Result<(Digest, u64), StoreError> {
        self.publish_if(|_, _| Ok(()))
    }

    /// Publishes the blob if it is the expected one; its length in bytes.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] when it is another; nothing is kept then.
    pub fn finish_expecting(self, expected: &Digest) -> Result<u64, StoreError> {
        self.publish_if(|found, size| {
            if found == *expected {
                return Ok(());
            }
            Err(StoreError::Mismatch { expected: *expected, found, size })
        })
        .map(|(_, size)| size)
    }

    /// Throws away what has been written so far and starts again.
    pub fn restart(&mut self) -> Result<(), StoreError> {
        let fresh = match self.wanted {
            Some(size) => self.store.writer_sized(size)?,
            None => self.store.writer()?,
        };
        *self = BlobWriter { store: self.store, ..fresh };
        Ok(())
    }

    fn publish_if(
        self,
        accept: impl FnOnce(Digest, u64) -> Result<(), StoreError>,
    ) -> Result<(Digest, u64), StoreError> {
        let Self { store, output, wanted } = self;
        let (buffered, digest, size) = output.finish();
        accept(digest, size)?;
        // An existing blob of this length stays: replacing it would make ext4 write it back at once.
        if store.size(&digest) == Some(size) {
            return Ok((digest, size));
        }
        let mut file =
            buffered.into_inner().map_err(|error| store.write_failed(error.into_error(), wanted))?;
        if wanted.is_some_and(|wanted| wanted > size) {
            // Gives back what was reserved beyond the end.
            let position = file.stream_position().map_err(|error| store.write_failed(error, wanted))?;
            file.as_file().set_len(position).map_err(|error| store.write_failed(error, wanted))?;
        }
        publish(file, &store.path(&digest), store.modes().blob, store.modes())?;
        Ok((digest, size))
    }

    /// Reserves the wanted bytes without changing the file's length, where the file system can.
    fn reserve(&mut self) -> Result<(), StoreError> {
        let (Some(size), buffered) = (self.wanted, self.output.get_ref()) else { return Ok(()) };
        // For small files the system call costs more than it saves.
        if size < WORTH_RESERVING {
            return Ok(());
        }
        let file = buffered.get_ref().as_file();
        match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, size) {
            Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => {
                Err(self.store.write_failed(error.into(), Some(size)))
            }
            // Not supported here: writing will tell.
            _ => Ok(()),
        }
    }
}

impl Store {
    fn write_failed(&self, error: io::Error, wanted: Option<u64>) -> StoreError {
        StoreError::io_sized("write", &self.temporary_directory().join("blob"), error, wanted)
    }
}

impl Write for BlobWriter<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        // A full disk is named also when it is found behind somebody's `io::copy`: see `StoreError::inside`.
        self.output.write(buffer).map_err(|error| match self.store.write_failed(error, self.wanted) {
            StoreError::Io { source, .. } => source,
            full => io::Error::new(io::ErrorKind::StorageFull, full),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        // The bytes need to be in the file only when it is published.
        Ok(())
    }
}

const WORTH_RESERVING: u64 = 1 << 20;
const BUFFER: usize = 128 * 1024;

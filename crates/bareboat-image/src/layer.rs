//! Layers: parts joined into one blob.

use std::io::{self, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bareboat_store::{Digest, DigestWriter, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::compression::BlockEncoder;
use crate::part::OrStore;
use crate::tar::write::END_OF_ARCHIVE;
use crate::{Compression, Descriptor, Part};

/// A finished layer, lying in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of the compressed blob.
    pub digest: Digest,
    /// Compressed bytes: what a pull transfers.
    pub size: u64,
    /// Digest of the decompressed tar (OCI image configuration, "Layer DiffID").
    pub diff_id: Digest,
    /// Bytes of tar.
    pub tar_size: u64,
    /// Media type of the blob.
    pub media_type: String,
}

impl Layer {
    /// The descriptor a manifest lists it with.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest, self.size)
    }
}

/// Joins `parts`, in their order, and the end of the archive into one layer.
///
/// One pass: compressed bytes are copied and hashed here, inflated and hashed by a second thread. Memory is constant.
///
/// # Errors
/// [`LayerError::DamagedPart`] names the part that must be written again: missing from the store, or damaged there.
pub fn join(store: &Store, parts: &[Part], compression: Compression) -> Result<Layer, LayerError> {
    if let Some(part) = parts.iter().find(|part| part.compression != compression) {
        return Err(LayerError::MixedCompression { part: part.blob, wanted: compression });
    }
    let end = BlockEncoder::new(compression).encode(&END_OF_ARCHIVE).or_store(store)?;
    let size = parts.iter().map(|part| part.size).sum::<u64>() + end.len() as u64;
    let mut blob = store.writer_sized(size)?;
    let (sender, receiver) = sync_channel(QUEUE);
    let (copied, inflated) = thread::scope(|scope| {
        let inflater = scope.spawn(move || hash_tar(receiver, compression));
        let mut tee = Tee { blob: &mut blob, sender: Some(sender) };
        let copied = copy_parts(store, parts, &mut tee)
            .and_then(|()| tee.write_all(&end).or_store(store).map_err(LayerError::Store));
        drop(tee);
        (copied, inflater.join())
    });
    copied?;
    let inconsistent = |reason: String| LayerError::Inconsistent { reason };
    let (diff_id, tar_size) = inflated
        .map_err(|_| inconsistent("the inflating thread ended early".into()))?
        .map_err(|error| inconsistent(error.to_string()))?;
    let expected = parts.iter().map(|part| part.tar_size).sum::<u64>() + END_OF_ARCHIVE.len() as u64;
    if tar_size != expected {
        return Err(inconsistent(format!("they hold {tar_size} bytes of tar instead of {expected}")));
    }
    let (digest, size) = blob.finish()?;
    Ok(Layer { digest, size, diff_id, tar_size, media_type: compression.layer_media_type().into() })
}

fn copy_parts(store: &Store, parts: &[Part], output: &mut dyn Write) -> Result<(), LayerError> {
    for (index, part) in parts.iter().enumerate() {
        match store.read_verified_to(&part.blob, output) {
            Ok(size) if size == part.size => {}
            Ok(_) => {
                return Err(LayerError::Inconsistent { reason: format!("part {index} has another size") });
            }
            Err(source @ (StoreError::Missing { .. } | StoreError::Corrupt { .. })) => {
                return Err(LayerError::DamagedPart { index, part: part.blob, source: Box::new(source) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Digest and length of the tar inside the compressed chunks.
fn hash_tar(chunks: Receiver<Vec<u8>>, compression: Compression) -> io::Result<(Digest, u64)> {
    let compressed = BufReader::with_capacity(CHUNK, Chunks { chunks, current: Vec::new(), at: 0 });
    let mut tar: Box<dyn Read> = match compression {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(compressed)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(compressed)?),
    };
    let mut hasher = DigestWriter::new(io::sink());
    let mut buffer = vec![0; CHUNK];
    loop {
        match tar.read(&mut buffer)? {
            0 => break,
            read => hasher.write_all(&buffer[..read])?,
        }
    }
    let (_, digest, length) = hasher.finish();
    Ok((digest, length))
}

/// Writes to the blob and passes a copy on to the inflating thread.
struct Tee<'a, W> {
    blob: &'a mut W,
    sender: Option<SyncSender<Vec<u8>>>,
}

impl<W: Write> Write for Tee<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blob.write_all(bytes)?;
        // An inflater that met damage is gone; the part's digest will tell which part it was.
        if let Some(sender) = &self.sender
            && sender.send(bytes.to_vec()).is_err()
        {
            self.sender = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.blob.flush()
    }
}

/// Reads what comes out of a channel.
struct Chunks {
    chunks: Receiver<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            match self.chunks.recv() {
                Ok(chunk) => (self.current, self.at) = (chunk, 0),
                Err(_) => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len() - self.at);
        buffer[..length].copy_from_slice(&self.current[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

const CHUNK: usize = 128 * 1024;
/// Chunks between the threads: enough to smooth a member that inflates slowly, little enough to forget.
const QUEUE: usize = 16;

/// Why parts could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part is gone or damaged. Write it again and join again.
    #[error("part {index} of the layer cannot be used: {source}")]
    DamagedPart {
        /// Its position among the parts.
        index: usize,
        /// Its blob.
        part: Digest,
        /// What the store found.
        source: Box<StoreError>,
    },
    /// A part is compressed differently.
    #[error("part {part} is not compressed with {wanted:?}")]
    MixedCompression {
        /// Its blob.
        part: Digest,
        /// What the layer wants.
        wanted: Compression,
    },
    /// The parts' records and their bytes disagree.
    #[error("the parts of the layer do not fit together: {reason}")]
    Inconsistent {
        /// How.
        reason: String,
    },
}

impl LayerError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::DamagedPart { .. } | Self::Inconsistent { .. } => {
                Some("run `bareboat cache verify`, then build again".into())
            }
            Self::MixedCompression { .. } => None,
        }
    }
}

//! Layers: parts joined into one blob.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::mem;

use bareboat_store::{BlobWriter, Digest, DigestWriter, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::blocks::Segment;
use crate::compression::BlockEncoder;
use crate::ordered::Ordered;
use crate::part::OrStore;
use crate::tar::write::END_OF_ARCHIVE;
use crate::{Compression, Descriptor, Part};

/// A finished layer, lying in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
/// One pass: compressed bytes are checked, copied and hashed here, while other threads inflate them, which takes longer
/// than everything else together. Memory is bounded whatever the parts' size.
///
/// # Errors
/// [`LayerError::DamagedPart`] names the part that must be written again: missing from the store, or damaged there.
pub fn join(store: &Store, parts: &[Part], compression: Compression) -> Result<Layer, LayerError> {
    join_with_threads(store, parts, compression, rayon::current_num_threads().min(8))
}

/// As [`join`] with a number of threads, which changes no byte.
pub(crate) fn join_with_threads(
    store: &Store,
    parts: &[Part],
    compression: Compression,
    threads: usize,
) -> Result<Layer, LayerError> {
    if let Some(part) = parts.iter().find(|part| part.compression != compression) {
        return Err(LayerError::MixedCompression { part: part.blob, wanted: compression });
    }
    let end = BlockEncoder::new(compression).encode(&END_OF_ARCHIVE).or_store(store)?;
    let size = parts.iter().map(|part| part.size).sum::<u64>() + end.len() as u64;
    let mut copy = Copy {
        blob: store.writer_sized(size)?,
        tar: Tar::Waiting(DigestWriter::new(io::sink())),
        pool: Ordered::new(threads, move || Box::new(move |job| decompress(job, compression))),
        coming: VecDeque::new(),
        collected: Vec::new(),
        fault: None,
    };
    for (index, part) in parts.iter().enumerate() {
        copy.coming.extend(&part.segments);
        match store.read_verified_to(&part.blob, &mut copy) {
            Ok(found) if found == part.size => {}
            Ok(_) => return Err(inconsistent(format!("part {index} has another size"))),
            Err(source @ (StoreError::Missing { .. } | StoreError::Corrupt { .. })) => {
                return Err(LayerError::DamagedPart { index, part: part.blob, source: Box::new(source) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    copy.coming.push_back(Segment { size: end.len() as u64, tar_size: END_OF_ARCHIVE.len() as u64 });
    copy.write_all(&end).or_store(store)?;
    let (blob, diff_id, tar_size) = copy.finish()?;
    let expected = parts.iter().map(|part| part.tar_size).sum::<u64>() + END_OF_ARCHIVE.len() as u64;
    if tar_size != expected {
        return Err(inconsistent(format!("they hold {tar_size} bytes of tar instead of {expected}")));
    }
    let (digest, size) = blob.finish()?;
    Ok(Layer { digest, size, diff_id, tar_size, media_type: compression.layer_media_type().into() })
}

/// Writes what it gets to the layer's blob, and hashes what it decompresses to.
///
/// Faults in the compressed data are kept until the end: if it is damage, the part's digest tells which part it is in.
struct Copy<'s> {
    blob: BlobWriter<'s>,
    tar: Tar,
    pool: Ordered<Job, io::Result<Vec<u8>>>,
    /// Segments not complete yet; the first is the one being collected.
    coming: VecDeque<Segment>,
    collected: Vec<u8>,
    fault: Option<io::Error>,
}

/// The compressed bytes of one segment and the length of what they hold.
type Job = (Vec<u8>, u64);

/// Where decompressed bytes are hashed.
enum Tar {
    Waiting(DigestWriter<io::Sink>),
    /// Within a segment that is too large to be collected: one huge file, taken over as it was.
    Streaming {
        decoder: Box<flate2::write::MultiGzDecoder<DigestWriter<io::Sink>>>,
        left: u64,
    },
    /// After a fault.
    Lost,
}

impl<'s> Copy<'s> {
    fn take_apart(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if let Tar::Streaming { decoder, left } = &mut self.tar {
                let (now, later) =
                    bytes.split_at(usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len()));
                decoder.write_all(now)?;
                *left -= now.len() as u64;
                bytes = later;
                if *left == 0
                    && let Tar::Streaming { decoder, .. } = mem::replace(&mut self.tar, Tar::Lost)
                {
                    self.tar = Tar::Waiting(decoder.finish()?);
                }
                continue;
            }
            let segment =
                *self.coming.front().ok_or_else(|| invalid("they are longer than their segments"))?;
            if !segment.is_small() {
                self.coming.pop_front();
                self.start_streaming(segment)?;
                continue;
            }
            let missing =
                usize::try_from(segment.size).unwrap_or(usize::MAX).saturating_sub(self.collected.len());
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.collected.extend_from_slice(now);
            bytes = later;
            if self.collected.len() as u64 == segment.size {
                self.coming.pop_front();
                self.submit(segment)?;
            }
        }
        Ok(())
    }

    fn start_streaming(&mut self, segment: Segment) -> io::Result<()> {
        while self.take_back()? {}
        if let Tar::Waiting(hasher) = mem::replace(&mut self.tar, Tar::Lost) {
            let decoder = Box::new(flate2::write::MultiGzDecoder::new(hasher));
            self.tar = Tar::Streaming { decoder, left: segment.size };
        }
        Ok(())
    }

    fn submit(&mut self, segment: Segment) -> io::Result<()> {
        if self.pool.is_full() {
            self.take_back()?;
        }
        let collected = mem::take(&mut self.collected);
        self.pool.submit((collected, segment.tar_size))
    }

    /// Hashes the oldest decompressed segment; false when there is none.
    fn take_back(&mut self) -> io::Result<bool> {
        let Some(plain) = self.pool.take()? else { return Ok(false) };
        if let Tar::Waiting(hasher) = &mut self.tar {
            hasher.write_all(&plain?)?;
        }
        Ok(true)
    }

    fn finish(mut self) -> Result<(BlobWriter<'s>, Digest, u64), LayerError> {
        let drained = loop {
            match self.take_back() {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if let Some(error) = self.fault.or(drained.err()) {
            return Err(inconsistent(error.to_string()));
        }
        match self.tar {
            Tar::Waiting(hasher) if self.coming.is_empty() && self.collected.is_empty() => {
                let (_, digest, length) = hasher.finish();
                Ok((self.blob, digest, length))
            }
            _ => Err(inconsistent("they are shorter than their segments".into())),
        }
    }
}

impl Write for Copy<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blob.write_all(bytes)?;
        if self.fault.is_none() {
            self.fault = self.take_apart(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.blob.flush()
    }
}

fn decompress((compressed, tar_size): Job, compression: Compression) -> io::Result<Vec<u8>> {
    // One byte more shows that there is more.
    let limit = tar_size + 1;
    let mut plain = Vec::with_capacity(usize::try_from(limit).unwrap_or_default());
    match compression {
        Compression::Gzip => {
            flate2::bufread::MultiGzDecoder::new(&compressed[..]).take(limit).read_to_end(&mut plain)?
        }
        Compression::Zstd => {
            zstd::Decoder::with_buffer(&compressed[..])?.take(limit).read_to_end(&mut plain)?
        }
    };
    match plain.len() as u64 == tar_size {
        true => Ok(plain),
        false => Err(invalid("a segment has another size")),
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn inconsistent(reason: String) -> LayerError {
    LayerError::Inconsistent { reason }
}

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

//! Reading a member's content: inflating, counting, checking; never more than a small buffer in memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::RangeReader;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::archive::{Handle, Packed};
use super::record::FileHash;

/// The member's bytes as they stand in the archive.
pub(super) fn raw(file: &Handle, packed: &Packed) -> RangeReader<Handle> {
    RangeReader::new(file.clone(), packed.offset..packed.offset + packed.raw_size)
}

/// The member's content, checked when its end is reached: size, CRC-32, `hash`, and that the compressed stream ends
/// exactly where the archive says. An error of kind `InvalidData` is the last thing read from a damaged member.
pub(super) fn checked(file: &Handle, packed: &Packed, hash: Option<FileHash>) -> Checked {
    let capacity = packed.raw_size.clamp(64, BUFFER) as usize;
    let raw = BufReader::with_capacity(capacity, raw(file, packed));
    let source = if packed.deflated { Source::Deflated(Inflate::new(raw)) } else { Source::Stored(raw) };
    Checked {
        source,
        left: packed.size,
        crc: crc32fast::Hasher::new(),
        crc32: packed.crc32,
        hasher: hash.as_ref().map(Hasher::new),
        hash,
        done: false,
    }
}

/// Fills `buffer` as far as `reader` has bytes; returns how many.
pub(super) fn read_start(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// See [`checked`].
pub(super) struct Checked {
    source: Source,
    left: u64,
    crc: crc32fast::Hasher,
    crc32: u32,
    hasher: Option<Hasher>,
    hash: Option<FileHash>,
    done: bool,
}

enum Source {
    Stored(BufReader<RangeReader<Handle>>),
    Deflated(Inflate<BufReader<RangeReader<Handle>>>),
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.source {
            Source::Stored(reader) => reader.read(buffer)?,
            Source::Deflated(reader) => reader.read(buffer)?,
        };
        if read as u64 > self.left {
            return Err(invalid("it is longer than the archive says"));
        }
        self.left -= read as u64;
        self.crc.update(&buffer[..read]);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        if read == 0 {
            self.finish()?;
        }
        Ok(read)
    }
}

impl Checked {
    fn finish(&mut self) -> io::Result<()> {
        self.done = true;
        if self.left != 0 {
            return Err(invalid("it is shorter than the archive says"));
        }
        if self.crc.clone().finalize() != self.crc32 {
            return Err(invalid("its CRC-32 is not the archive's"));
        }
        match (self.hasher.take().map(Hasher::finish), &self.hash) {
            (Some(found), Some(promised)) if found != *promised => {
                Err(invalid("its hash is not the one in the wheel's `RECORD`"))
            }
            _ => Ok(()),
        }
    }
}

/// Inflates one raw deflate stream that must use up its input to the last byte.
///
/// `flate2`'s own reader ignores what follows the final block. Such bytes would be hidden here but stand in a layer
/// that transplants the raw stream, where the next reader takes them for something else.
struct Inflate<R> {
    raw: R,
    state: Decompress,
    ended: bool,
}

impl<R: BufRead> Inflate<R> {
    fn new(raw: R) -> Self {
        Self { raw, state: Decompress::new(false), ended: false }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.raw.fill_buf()?;
            if self.ended {
                return if input.is_empty() {
                    Ok(0)
                } else {
                    Err(invalid("bytes follow its compressed stream"))
                };
            }
            let at_end = input.is_empty();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let flush = if at_end { FlushDecompress::Finish } else { FlushDecompress::None };
            let status = self.state.decompress(input, buffer, flush);
            let used = (self.state.total_in() - before_in) as usize;
            let made = (self.state.total_out() - before_out) as usize;
            self.raw.consume(used);
            self.ended = matches!(status, Ok(Status::StreamEnd));
            match status {
                Err(_) => return Err(invalid("its compressed stream is broken")),
                Ok(_) if made > 0 => return Ok(made),
                Ok(Status::StreamEnd) => {}
                Ok(_) if at_end => return Err(invalid("its compressed stream is cut off")),
                Ok(_) => {}
            }
        }
    }
}

/// A hash in progress, of the kind `RECORD` asked for.
enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    fn new(hash: &FileHash) -> Self {
        match hash {
            FileHash::Sha256(_) => Self::Sha256(Sha256::new()),
            FileHash::Sha384(_) => Self::Sha384(Sha384::new()),
            FileHash::Sha512(_) => Self::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> FileHash {
        match self {
            Self::Sha256(hasher) => FileHash::Sha256(hasher.finalize().into()),
            Self::Sha384(hasher) => FileHash::Sha384(hasher.finalize().into()),
            Self::Sha512(hasher) => FileHash::Sha512(Box::new(hasher.finalize().into())),
        }
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Raw bytes read at once.
const BUFFER: u64 = 64 << 10;

//! Checks raw deflate data (RFC 1951), as zip members hold it, while it streams by.

use std::io::{self, Read, Write};

use bareboat_store::{Digest, DigestWriter};
use flate2::{Decompress, FlushDecompress, Status};

/// A file's content as one raw deflate stream, with what its archive claims about it.
pub struct Deflated<'a> {
    /// The deflate stream.
    pub raw: &'a mut dyn Read,
    /// Bytes of `raw` that belong to the stream; nothing beyond them is read.
    pub raw_size: u64,
    /// Bytes of content.
    pub size: u64,
    /// CRC-32 of the content (IEEE, as zip and gzip use it).
    pub crc32: u32,
}

/// What an [`Inflater`] passes on.
pub(crate) enum Piece<'a> {
    /// The next bytes of the deflate stream, as they are.
    Raw(&'a [u8]),
    /// The next bytes of content.
    Plain(&'a [u8]),
}

/// Why deflated content is not what its archive claims.
#[derive(Debug, thiserror::Error)]
pub enum DeflateFault {
    /// Reading it failed.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// The data ends before the announced size.
    #[error("the compressed data ends early")]
    Truncated,
    /// Not a deflate stream.
    #[error("the compressed data is not valid deflate")]
    Invalid,
    /// The announced bytes end before the stream does.
    #[error("the deflate stream does not end within its announced size")]
    Unfinished,
    /// Bytes follow the final block. A reader of the layer would take them for the checksum.
    #[error("bytes follow the end of the deflate stream")]
    Trailing,
    /// Content of another size than announced.
    #[error("the content has more or less than the announced {0} bytes")]
    Size(u64),
    /// Content of another checksum than announced.
    #[error("the content's CRC-32 is {found:08x}, announced {announced:08x}")]
    Checksum {
        /// As computed.
        found: u32,
        /// As claimed.
        announced: u32,
    },
}

/// Inflates one stream after the other in constant memory. Kept between files: making one costs more than inflating a
/// small file.
pub(crate) struct Inflater {
    stream: Decompress,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { stream: Decompress::new(false), input: vec![0; BUFFER], output: vec![0; 2 * BUFFER] }
    }

    /// Inflates `deflated`, passes pieces on as they come, and checks every claim.
    ///
    /// What `sink` got before an error must be thrown away. The digest is that of the content.
    pub(crate) fn inflate<E: From<DeflateFault>>(
        &mut self,
        deflated: Deflated<'_>,
        mut sink: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<Digest, E> {
        let Deflated { raw, raw_size, size, crc32 } = deflated;
        self.stream.reset(false);
        let mut checks = Checks::new(size);
        let mut left = raw_size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let read = match raw.read(&mut self.input[..wanted]) {
                Ok(0) => return Err(DeflateFault::Truncated.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(DeflateFault::Read(error).into()),
            };
            left -= read as u64;
            sink(Piece::Raw(&self.input[..read]))?;
            self.feed(read, &mut checks, &mut sink)?;
        }
        Ok(checks.finish(crc32)?)
    }

    /// Inflates the first `length` bytes of the input buffer.
    fn feed<E: From<DeflateFault>>(
        &mut self,
        length: usize,
        checks: &mut Checks,
        sink: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut input = &self.input[..length];
        loop {
            if checks.ended {
                return if input.is_empty() { Ok(()) } else { Err(DeflateFault::Trailing.into()) };
            }
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self
                .stream
                .decompress(input, &mut self.output, FlushDecompress::None)
                .map_err(|_| DeflateFault::Invalid)?;
            let consumed = (self.stream.total_in() - read) as usize;
            let plain = &self.output[..(self.stream.total_out() - written) as usize];
            input = &input[consumed..];
            checks.update(plain)?;
            sink(Piece::Plain(plain))?;
            checks.ended = status == Status::StreamEnd;
            if !checks.ended && plain.len() < self.output.len() {
                match (input.is_empty(), consumed + plain.len()) {
                    (true, _) => return Ok(()),
                    (false, 0) => return Err(DeflateFault::Invalid.into()),
                    (false, _) => {}
                }
            }
        }
    }
}

const BUFFER: usize = 64 * 1024;

/// What is known of one stream so far.
struct Checks {
    hasher: DigestWriter<io::Sink>,
    crc: crc32fast::Hasher,
    size: u64,
    left: u64,
    ended: bool,
}

impl Checks {
    fn new(size: u64) -> Self {
        let hasher = DigestWriter::new(io::sink());
        Self { hasher, crc: crc32fast::Hasher::new(), size, left: size, ended: false }
    }

    fn update(&mut self, plain: &[u8]) -> Result<(), DeflateFault> {
        self.left = self.left.checked_sub(plain.len() as u64).ok_or(DeflateFault::Size(self.size))?;
        self.crc.update(plain);
        Ok(self.hasher.write_all(plain)?)
    }

    fn finish(self, announced: u32) -> Result<Digest, DeflateFault> {
        if !self.ended {
            return Err(DeflateFault::Unfinished);
        }
        if self.left > 0 {
            return Err(DeflateFault::Size(self.size));
        }
        let found = self.crc.finalize();
        if found != announced {
            return Err(DeflateFault::Checksum { found, announced });
        }
        Ok(self.hasher.finish().1)
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::*;

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn check(raw: &[u8], raw_size: u64, size: u64, crc32: u32) -> Result<(Vec<u8>, Digest), DeflateFault> {
        let mut content = Vec::new();
        let deflated = Deflated { raw: &mut &raw[..], raw_size, size, crc32 };
        let digest = Inflater::new().inflate(deflated, |piece| {
            if let Piece::Plain(plain) = piece {
                content.extend_from_slice(plain);
            }
            Ok::<_, DeflateFault>(())
        })?;
        Ok((content, digest))
    }

    #[test]
    fn accepts_exactly_what_was_announced() {
        for content in [vec![], b"x".to_vec(), vec![7; 5_000_000]] {
            let raw = deflate(&content);
            let (length, size, crc) = (raw.len() as u64, content.len() as u64, crc32fast::hash(&content));
            assert_eq!(check(&raw, length, size, crc).unwrap(), (content.clone(), Digest::of(&content)));
            assert!(matches!(check(&raw, length, size + 1, crc), Err(DeflateFault::Size(_))));
            assert!(matches!(check(&raw, length, size, crc ^ 1), Err(DeflateFault::Checksum { .. })));
            assert!(matches!(check(&raw, length + 1, size, crc), Err(DeflateFault::Truncated)));
            assert!(matches!(check(&raw, length - 1, size, crc), Err(DeflateFault::Unfinished)));
            let trailing = [&raw[..], b"\0"].concat();
            assert!(matches!(check(&trailing, length + 1, size, crc), Err(DeflateFault::Trailing)));
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_announced_size() {
        let raw = deflate(&vec![0; 20_000_000]);
        let mut passed = 0;
        let deflated = Deflated { raw: &mut &raw[..], raw_size: raw.len() as u64, size: 1000, crc32: 0 };
        let result = Inflater::new().inflate(deflated, |piece| {
            if let Piece::Plain(plain) = piece {
                passed += plain.len();
            }
            Ok::<_, DeflateFault>(())
        });
        assert!(matches!(result, Err(DeflateFault::Size(1000))));
        assert_eq!(passed, 0);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..500), size in 0u64..1000) {
            let _ = check(&raw, raw.len() as u64, size, 0);
        }
    }
}

//! Finds out how bytes are compressed and decompresses them while they stream.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// Decompresses gzip (any number of members) and zstd (any number of frames); passes anything else through.
pub(crate) enum Decompressed<R: Read> {
    Plain(Input<R>),
    Gzip(Box<MultiGzDecoder<Input<R>>>),
    Zstd(zstd::Decoder<'static, Input<R>>),
}

/// What `input` holds, gzip and zstd decompressed by its first bytes and anything else as it is.
///
/// # Errors
/// The first bytes cannot be read.
pub fn decompressed<R: Read>(input: R) -> io::Result<impl Read> {
    Decompressed::new(input)
}

type Input<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// What bytes are compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Gzip,
    Zstd,
}

impl Format {
    /// Judges by the first bytes, as engines do: media types are often wrong.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable one as zstd:chunked puts first (RFC 8878, sections 3.1.1 and 3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

impl<R: Read> Decompressed<R> {
    pub(crate) fn new(mut input: R) -> io::Result<Self> {
        let mut start = Vec::with_capacity(4);
        (&mut input).take(4).read_to_end(&mut start)?;
        let format = Format::of(&start);
        let input = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(input));
        Ok(match format {
            Format::Plain => Self::Plain(input),
            Format::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(input))),
            Format::Zstd => Self::Zstd(zstd::Decoder::with_buffer(input)?),
        })
    }

    /// Reads what follows the compressed data, which must be nothing; the input.
    pub(crate) fn finish(self) -> io::Result<R> {
        let mut input = match self {
            Self::Plain(input) => input,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        };
        match input.fill_buf()?.is_empty() {
            true => Ok(input.into_inner().into_inner().1),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "bytes follow the compressed data")),
        }
    }
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

const BUFFER: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut decompressed = Decompressed::new(bytes)?;
        let mut content = Vec::new();
        decompressed.read_to_end(&mut content)?;
        decompressed.finish()?;
        Ok(content)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_all_members_and_frames() {
        let zstd = |content: &[u8]| zstd::bulk::compress(content, 1).unwrap();
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9];
        assert_eq!(read(&[gzip(b"ab"), gzip(b"cd")].concat()).unwrap(), b"abcd");
        assert_eq!(read(&[&skippable[..], &zstd(b"ab"), &zstd(b"cd")].concat()).unwrap(), b"abcd");
        assert_eq!(read(b"ab").unwrap(), b"ab");
        assert_eq!(read(b"").unwrap(), b"");
    }

    #[test]
    fn refuses_damage_truncation_and_garbage_behind() {
        let whole = gzip(&[7; 1000]);
        assert!(read(&whole[..whole.len() - 1]).is_err());
        assert!(read(&[&whole[..], b"garbage"].concat()).is_err());
        let mut damaged = whole.clone();
        damaged[15] ^= 1;
        assert!(read(&damaged).is_err());
    }
}

//! Decompressors for the inner archives, chosen by the member's name as deb(5) says.

use std::io::{self, BufRead, Read};

use super::{DebError, Limits};

/// A reader of `source` decompressed as `member`'s suffix says.
pub(super) fn decompressed<'a>(
    member: &str,
    source: impl BufRead + 'a,
    limits: &Limits,
) -> Result<Box<dyn Read + 'a>, DebError> {
    let suffix = member.rsplit_once(".tar").map(|(_, suffix)| suffix);
    let failed = |source: io::Error| DebError::Member { member: member.to_owned(), source };
    Ok(match suffix {
        Some("") => Box::new(source),
        Some(".xz") => {
            let flags = liblzma::stream::CONCATENATED;
            let stream = liblzma::stream::Stream::new_stream_decoder(limits.decoder_memory, flags)
                .map_err(|problem| failed(problem.into()))?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(source, stream))
        }
        Some(".gz") => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        Some(".zst") => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(failed)?;
            decoder.window_log_max(limits.decoder_memory.ilog2()).map_err(failed)?;
            Box::new(decoder)
        }
        _ => return Err(DebError::Compression { member: member.to_owned() }),
    })
}

/// Fails once more than `left` bytes come out.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit, exceeded: false }
    }

    /// True once the bound was hit.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte more than allowed is asked for, so that reaching the bound and passing it can be told apart.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let most = buffer.len().min(most);
        let read = self.inner.read(&mut buffer[..most])?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.exceeded = true;
                return Err(io::Error::other("more bytes than allowed"));
            }
        }
        Ok(read)
    }
}

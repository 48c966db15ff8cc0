//! Turns a stream of bytes into compressed blocks, on several threads where there is enough to do.
//!
//! Blocks are cut by position in the content alone: neither the size of the writes nor the number of threads changes
//! a byte.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::Compression;
use crate::compression::{BLOCK, BlockEncoder};
use crate::ordered::Ordered;

/// A run of complete gzip members or zstd frames: it can be decompressed without what is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// Compressed bytes.
    pub(crate) size: u64,
    /// Decompressed bytes.
    pub(crate) tar_size: u64,
}

impl Segment {
    /// True when it may be kept in memory. Deflate data can also be much longer than what it holds.
    pub(crate) fn is_small(&self) -> bool {
        self.size.max(self.tar_size) <= MAX_SEGMENT
    }

    fn plus(&self, size: u64, tar_size: u64) -> Self {
        Self { size: self.size + size, tar_size: self.tar_size + tar_size }
    }
}

/// Compresses what is pushed into blocks and writes them to `output` in order.
pub(crate) struct Blocks<W> {
    output: W,
    encoder: BlockEncoder,
    pending: Vec<u8>,
    /// Full blocks on their way; `None` for a single thread.
    pool: Option<Ordered<Vec<u8>, io::Result<Vec<u8>>>>,
    segments: Vec<Segment>,
}

impl<W: Write> Blocks<W> {
    pub(crate) fn new(output: W, compression: Compression, threads: usize) -> Self {
        let pool = (threads > 1).then(|| {
            Ordered::new(threads, move || {
                let mut encoder = BlockEncoder::new(compression);
                Box::new(move |block: Vec<u8>| encoder.encode(&block))
            })
        });
        let encoder = BlockEncoder::new(compression);
        Self { output, encoder, pending: Vec::new(), pool, segments: Vec::new() }
    }

    /// Appends content.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == BLOCK {
                self.submit()?;
            }
        }
        Ok(())
    }

    /// Appends `length` zero bytes, at most a tar block.
    pub(crate) fn push_zeros(&mut self, length: usize) -> io::Result<()> {
        self.push(&[0; crate::tar::write::BLOCK][..length])
    }

    /// Closes the block in progress and gives the output, with everything pushed so far written to it. Whatever the
    /// caller writes there, it must [`note`](Blocks::note).
    pub(crate) fn close_block(&mut self) -> io::Result<&mut W> {
        while self.take_back()? {}
        if !self.pending.is_empty() {
            let block = self.encoder.encode(&self.pending)?;
            self.output.write_all(&block)?;
            self.note(block.len() as u64, self.pending.len() as u64);
            self.pending.clear();
        }
        Ok(&mut self.output)
    }

    /// Records that `size` bytes written to the output decompress to `tar_size` bytes.
    pub(crate) fn note(&mut self, size: u64, tar_size: u64) {
        match self.segments.last_mut() {
            Some(last) if last.plus(size, tar_size).is_small() => *last = last.plus(size, tar_size),
            _ => self.segments.push(Segment { size, tar_size }),
        }
    }

    /// Closes the last block; the output and what it consists of.
    pub(crate) fn finish(mut self) -> io::Result<(W, Vec<Segment>)> {
        self.close_block()?;
        Ok((self.output, self.segments))
    }

    /// Hands the full pending block to a thread.
    fn submit(&mut self) -> io::Result<()> {
        if self.pool.as_ref().is_some_and(Ordered::is_full) {
            self.take_back()?;
        }
        match &mut self.pool {
            Some(pool) => pool.submit(std::mem::replace(&mut self.pending, Vec::with_capacity(BLOCK))),
            None => self.close_block().map(drop),
        }
    }

    /// Writes the oldest block on its way; false when there is none.
    fn take_back(&mut self) -> io::Result<bool> {
        let Some(pool) = &mut self.pool else { return Ok(false) };
        let Some(block) = pool.take()? else { return Ok(false) };
        let block = block?;
        self.output.write_all(&block)?;
        self.note(block.len() as u64, BLOCK as u64);
        Ok(true)
    }
}

/// Neighbours are one segment up to this: large enough to be worth a thread, small enough to be kept in memory.
const MAX_SEGMENT: u64 = 2 * BLOCK as u64;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn content() -> Vec<u8> {
        let mut state = 1u32;
        let noise = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 & 15
        };
        (0..BLOCK * 4 + 12_345).map(noise).collect()
    }

    fn compress(content: &[u8], compression: Compression, threads: usize, chunk: usize) -> Vec<u8> {
        let mut blocks = Blocks::new(Vec::new(), compression, threads);
        for part in content.chunks(chunk) {
            blocks.push(part).unwrap();
        }
        let (output, segments) = blocks.finish().unwrap();
        assert_eq!(segments.iter().map(|segment| segment.size).sum::<u64>(), output.len() as u64);
        assert_eq!(segments.iter().map(|segment| segment.tar_size).sum::<u64>(), content.len() as u64);
        output
    }

    #[test]
    fn threads_and_write_sizes_change_no_byte() {
        let content = content();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let expected = compress(&content, compression, 1, content.len());
            for (threads, chunk) in [(1, BLOCK + 1), (2, 4093), (4, 65_536)] {
                assert!(compress(&content, compression, threads, chunk) == expected, "{threads} {chunk}");
            }
            let mut back = Vec::new();
            match compression {
                Compression::Gzip => flate2::read::MultiGzDecoder::new(&expected[..]).read_to_end(&mut back),
                Compression::Zstd => zstd::Decoder::new(&expected[..]).unwrap().read_to_end(&mut back),
            }
            .unwrap();
            assert!(back == content);
        }
    }

    #[test]
    fn closing_a_block_writes_everything_before_it() {
        let content = content();
        let mut blocks = Blocks::new(Vec::new(), Compression::Gzip, 3);
        blocks.push(&content).unwrap();
        let mut back = Vec::new();
        let output = blocks.close_block().unwrap().clone();
        flate2::read::MultiGzDecoder::new(&output[..]).read_to_end(&mut back).unwrap();
        assert!(back == content);
    }

    #[test]
    fn errors_of_the_output_surface() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut blocks = Blocks::new(Full, Compression::Gzip, 2);
        let result = blocks.push(&content()).and_then(|()| blocks.close_block().map(drop));
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}

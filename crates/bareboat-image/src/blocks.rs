//! Turns a stream of bytes into compressed blocks, on several threads where there is enough to do.
//!
//! Blocks are cut by position in the content alone: neither the size of the writes nor the number of threads changes
//! a byte. Threads of our own instead of rayon's: a writer that waits for its blocks inside a rayon worker would wait
//! for jobs that only blocked workers could run.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::Compression;
use crate::compression::{BLOCK, BlockEncoder};

/// Compresses what is pushed into blocks and writes them to `output` in order.
pub(crate) struct Blocks<W> {
    output: W,
    compression: Compression,
    encoder: BlockEncoder,
    pending: Vec<u8>,
    threads: usize,
    workers: Vec<Worker>,
    submitted: usize,
    written: usize,
}

/// One thread; block number n goes to worker n modulo their number, and comes back from there.
struct Worker {
    blocks: SyncSender<Vec<u8>>,
    done: Receiver<io::Result<Vec<u8>>>,
}

/// Blocks a worker may hold or have finished before the writer must take one back.
const QUEUE: usize = 2;

impl<W: Write> Blocks<W> {
    pub(crate) fn new(output: W, compression: Compression, threads: usize) -> Self {
        Self {
            output,
            compression,
            encoder: BlockEncoder::new(compression),
            pending: Vec::new(),
            threads: threads.max(1),
            workers: Vec::new(),
            submitted: 0,
            written: 0,
        }
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

    /// Appends `length` zero bytes.
    pub(crate) fn push_zeros(&mut self, length: usize) -> io::Result<()> {
        self.push(&[0; crate::tar::write::BLOCK][..length])
    }

    /// Closes the block in progress and gives the output, with everything pushed so far written to it.
    pub(crate) fn close_block(&mut self) -> io::Result<&mut W> {
        while self.written < self.submitted {
            self.take_back()?;
        }
        if !self.pending.is_empty() {
            let block = self.encoder.encode(&self.pending)?;
            self.output.write_all(&block)?;
            self.pending.clear();
        }
        Ok(&mut self.output)
    }

    /// Closes the last block; the output.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.close_block()?;
        Ok(self.output)
    }

    /// Hands the full pending block to a worker.
    fn submit(&mut self) -> io::Result<()> {
        if self.threads == 1 {
            self.close_block()?;
            return Ok(());
        }
        while self.submitted - self.written >= self.threads * QUEUE {
            self.take_back()?;
        }
        let turn = self.submitted % self.threads;
        if turn == self.workers.len() {
            self.workers.push(Worker::start(self.compression)?);
        }
        let block = std::mem::replace(&mut self.pending, Vec::with_capacity(BLOCK));
        self.workers[turn].blocks.send(block).map_err(|_| worker_died())?;
        self.submitted += 1;
        Ok(())
    }

    /// Writes the oldest block in flight.
    fn take_back(&mut self) -> io::Result<()> {
        let worker = &self.workers[self.written % self.threads];
        let block = worker.done.recv().map_err(|_| worker_died())??;
        self.written += 1;
        self.output.write_all(&block)
    }
}

impl Worker {
    fn start(compression: Compression) -> io::Result<Self> {
        let (blocks, incoming) = sync_channel::<Vec<u8>>(QUEUE);
        let (outgoing, done) = sync_channel(QUEUE);
        thread::Builder::new().name("compress".into()).spawn(move || {
            let mut encoder = BlockEncoder::new(compression);
            // Ends when either side of the writer is gone.
            while let Ok(block) = incoming.recv() {
                if outgoing.send(encoder.encode(&block)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { blocks, done })
    }
}

fn worker_died() -> io::Error {
    io::Error::other("a compression thread ended early")
}

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
        (0..BLOCK * 7 + 12_345).map(noise).collect()
    }

    fn compress(content: &[u8], compression: Compression, threads: usize, chunk: usize) -> Vec<u8> {
        let mut blocks = Blocks::new(Vec::new(), compression, threads);
        for part in content.chunks(chunk) {
            blocks.push(part).unwrap();
        }
        blocks.finish().unwrap()
    }

    #[test]
    fn threads_and_write_sizes_change_no_byte() {
        let content = content();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let expected = compress(&content, compression, 1, content.len());
            for threads in [1, 2, 4] {
                for chunk in [4093, 65_536, BLOCK + 1] {
                    assert!(compress(&content, compression, threads, chunk) == expected, "{threads} {chunk}");
                }
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

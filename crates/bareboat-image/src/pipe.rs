//! Moves work that a reader does into a thread of its own.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};

/// Reads `input` on a thread of `scope`, ahead of whoever reads the result, by a bounded number of bytes.
///
/// The input comes back from [`Piped::finish`], so that what it found out can be asked.
pub(crate) fn pipe<'scope, R: Read + Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    input: R,
) -> Piped<'scope, R> {
    let (sender, chunks) = sync_channel(QUEUE);
    let thread = scope.spawn(move || pump(input, &sender));
    Piped { chunks: Some(chunks), current: Vec::new(), at: 0, thread: Some(thread) }
}

/// The reading end.
pub(crate) struct Piped<'scope, R> {
    chunks: Option<Receiver<io::Result<Vec<u8>>>>,
    current: Vec<u8>,
    at: usize,
    thread: Option<thread::ScopedJoinHandle<'scope, R>>,
}

impl<R> Piped<'_, R> {
    /// Ends the thread; its input, as far as it was read.
    pub(crate) fn finish(mut self) -> io::Result<R> {
        self.chunks = None;
        let ended_early = || io::Error::other("the decompressing thread ended early");
        self.thread.take().ok_or_else(ended_early)?.join().map_err(|_| ended_early())
    }
}

impl<R> Read for Piped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() {
            match self.chunks.as_ref().and_then(|chunks| chunks.recv().ok()) {
                Some(chunk) => (self.current, self.at) = (chunk?, 0),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len() - self.at);
        buffer[..length].copy_from_slice(&self.current[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

fn pump<R: Read>(mut input: R, sender: &SyncSender<io::Result<Vec<u8>>>) -> R {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let result = (&mut input).take(CHUNK as u64).read_to_end(&mut chunk);
        // What was read before an error counts.
        let done = result.is_err() || chunk.is_empty();
        let gone = !chunk.is_empty() && sender.send(Ok(chunk)).is_err();
        if let Err(error) = result {
            let _ = sender.send(Err(error));
        }
        if done || gone {
            return input;
        }
    }
}

const CHUNK: usize = 256 * 1024;
const QUEUE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let length = buffer.len().min(self.0);
            self.0 -= length;
            Ok(length)
        }
    }

    #[test]
    fn passes_everything_on_and_gives_the_input_back() {
        let content: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
        thread::scope(|scope| {
            let mut piped = pipe(scope, &content[..]);
            let mut found = Vec::new();
            piped.read_to_end(&mut found).unwrap();
            assert!(found == content);
            assert!(piped.finish().unwrap().is_empty());
        });
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        thread::scope(|scope| {
            let mut found = Vec::new();
            let error = pipe(scope, Failing(700_000)).read_to_end(&mut found).unwrap_err();
            assert_eq!((found.len(), error.kind()), (700_000, io::ErrorKind::InvalidData));
        });
    }

    #[test]
    fn a_reader_that_stops_stops_the_thread() {
        thread::scope(|scope| {
            let mut piped = pipe(scope, io::repeat(1));
            piped.read_exact(&mut [0; 10]).unwrap();
            piped.finish().unwrap();
        });
    }
}

//! Runs jobs on a few threads and gives the results back in the order of the jobs.
//!
//! Threads of our own instead of rayon's: somebody who waits for results inside a rayon worker would wait for jobs that
//! only blocked workers could run.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// What one thread does with its items.
type Job<I, O> = Box<dyn FnMut(I) -> O>;

/// A few threads, started when there is something to do. Item number n goes to thread n modulo their number, and its
/// result comes back from there.
pub(crate) struct Ordered<I, O> {
    make_job: Arc<dyn Fn() -> Job<I, O> + Send + Sync>,
    threads: usize,
    workers: Vec<Worker<I, O>>,
    submitted: usize,
    taken: usize,
}

struct Worker<I, O> {
    items: SyncSender<I>,
    results: Receiver<O>,
}

/// Items a thread may hold or have finished before a result must be taken.
const QUEUE: usize = 2;

impl<I: Send + 'static, O: Send + 'static> Ordered<I, O> {
    /// Each thread makes a job of its own, which it keeps for all its items.
    pub(crate) fn new(threads: usize, make_job: impl Fn() -> Job<I, O> + Send + Sync + 'static) -> Self {
        let threads = threads.max(1);
        Self { make_job: Arc::new(make_job), threads, workers: Vec::new(), submitted: 0, taken: 0 }
    }

    /// True when a result must be taken before the next item is submitted.
    pub(crate) fn is_full(&self) -> bool {
        self.submitted - self.taken >= self.threads * QUEUE
    }

    /// Hands an item to a thread.
    pub(crate) fn submit(&mut self, item: I) -> io::Result<()> {
        debug_assert!(!self.is_full(), "results are taken in time");
        let turn = self.submitted % self.threads;
        if turn == self.workers.len() {
            self.workers.push(Worker::start(Arc::clone(&self.make_job))?);
        }
        self.workers[turn].items.send(item).map_err(|_| died())?;
        self.submitted += 1;
        Ok(())
    }

    /// Waits for the oldest result not taken yet; `None` when there is none to wait for.
    pub(crate) fn take(&mut self) -> io::Result<Option<O>> {
        if self.taken == self.submitted {
            return Ok(None);
        }
        let result = self.workers[self.taken % self.threads].results.recv().map_err(|_| died())?;
        self.taken += 1;
        Ok(Some(result))
    }
}

impl<I: Send + 'static, O: Send + 'static> Worker<I, O> {
    fn start(make_job: Arc<dyn Fn() -> Job<I, O> + Send + Sync>) -> io::Result<Self> {
        let (items, incoming) = sync_channel(QUEUE);
        let (outgoing, results) = sync_channel(QUEUE);
        thread::Builder::new().name("layer".into()).spawn(move || {
            let mut job = make_job();
            // Ends when either side of the owner is gone.
            while let Ok(item) = incoming.recv() {
                if outgoing.send(job(item)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { items, results })
    }
}

fn died() -> io::Error {
    io::Error::other("a thread that works on a layer ended early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        for threads in [1, 2, 5] {
            let mut pool = Ordered::new(threads, || {
                Box::new(|item: u64| {
                    thread::sleep(std::time::Duration::from_micros(item * 7919 % 300));
                    item
                })
            });
            let mut results = Vec::new();
            for item in 0..50 {
                if pool.is_full() {
                    results.extend(pool.take().unwrap());
                }
                pool.submit(item).unwrap();
            }
            while let Some(result) = pool.take().unwrap() {
                results.push(result);
            }
            assert_eq!(results, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_thread_that_panics_is_an_error() {
        let mut pool: Ordered<u32, u32> = Ordered::new(1, || Box::new(|_| panic!("on purpose")));
        pool.submit(1).unwrap();
        assert!(pool.take().is_err());
    }
}

//! Getting bytes from elsewhere into the store, checked.
//!
//! Content with a known digest may come from anywhere: mirrors are tried in order and only the digest counts.
//! Downloads resume, retry and stop on request; nothing unfinished or unexpected is ever kept. Redirects are
//! followed here and not in the HTTP library, so that credentials stay with the origin they were meant for.
//!
//! Blocking I/O on threads; HTTP/1.1 with keep-alive (RFC 9110, RFC 9112).

mod agents;
mod call;
mod credentials;
mod document;
mod download;
mod error;
mod exchange;
mod forward;
mod options;
mod redact;
mod retry;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::{Digest, Store, StoreError};
use agents::Agents;

pub use call::{Call, Content, Method, Reply};
pub use credentials::BasicCredentials;
pub use document::{Document, Get, Validators};
pub use error::FetchError;
pub use options::{FetchOptions, Proxies, Roots};
pub use redact::redact_url;

/// Fetches over `http`, `https` and from `file` addresses. Share it by reference: its connections are kept and
/// reused by all threads.
pub struct Fetcher {
    options: FetchOptions,
    agents: Agents,
    observer: Observer,
}

/// Hears what happens; called from all fetching threads.
pub type Observer = Arc<dyn Fn(FetchEvent<'_>) + Send + Sync>;

/// Something to fetch into the store.
#[derive(Clone, Default)]
pub struct Request {
    /// Where it may be found, best first. Any will do when the digest is known.
    pub urls: Vec<String>,
    /// What it must hash to. Without it whatever comes is taken.
    pub digest: Option<Digest>,
    /// Its exact length in bytes, when known.
    pub size: Option<u64>,
    /// The most bytes to accept.
    pub limit: u64,
    /// What people call it, for events and errors.
    pub label: String,
    /// Further request headers. They go to the origin of each address, never to where it redirects.
    pub headers: BTreeMap<String, String>,
}

/// Something that is in the store now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// The address it came from, fit to be shown; `None` when it was in the store already.
    pub url: Option<String>,
}

/// What happens while fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchEvent<'a> {
    /// Bytes will flow.
    Started {
        /// The request's label.
        label: &'a str,
        /// How many bytes there are, when known.
        total: Option<u64>,
    },
    /// Bytes have come.
    Progress {
        /// The request's label.
        label: &'a str,
        /// How many are there now. Starts again when the download does.
        bytes: u64,
    },
    /// It is in the store.
    Finished {
        /// The request's label.
        label: &'a str,
        /// Its length in bytes.
        bytes: u64,
    },
    /// It could not be fetched; the error is returned as well.
    Failed {
        /// The request's label.
        label: &'a str,
    },
    /// Another try or another mirror follows.
    Retrying {
        /// The request's label.
        label: &'a str,
        /// What went wrong.
        why: &'a str,
        /// The pause before it.
        after: Duration,
    },
    /// Another process or thread is fetching the same content.
    Waiting {
        /// The request's label.
        label: &'a str,
    },
}

impl Fetcher {
    /// A fetcher that has not opened anything yet.
    pub fn new(options: FetchOptions, observer: Observer) -> Self {
        Self { agents: Agents::default(), options, observer }
    }

    /// Fetches `request` unless the store has it.
    ///
    /// Two processes or threads that want the same digest share one download.
    ///
    /// # Errors
    /// [`StoreError::Fetch`] for whatever the sources do, [`StoreError::Cancelled`], and those of the store.
    pub fn fetch(&self, store: &Store, request: &Request) -> Result<Fetched, StoreError> {
        match download::present(store, request) {
            Some(fetched) => Ok(fetched),
            None => self.watched(|| download::fetch(self, store, request)),
        }
    }

    /// Fetches all `requests`, several at a time; results in the order of the requests. A failure stops none of the
    /// others.
    pub fn fetch_all(&self, store: &Store, requests: &[Request]) -> Vec<Result<Fetched, StoreError>> {
        let mut results: Vec<Option<Result<Fetched, StoreError>>> =
            requests.iter().map(|request| download::present(store, request).map(Ok)).collect();
        let missing: Vec<usize> = (0..requests.len()).filter(|&index| results[index].is_none()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(&index) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((index, download::fetch(self, store, &requests[index])));
            }
            done
        };
        let threads = self.options.connections.clamp(1, missing.len().max(1));
        if !missing.is_empty() {
            let done = self.watched(|| {
                thread::scope(|scope| {
                    let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                    workers.into_iter().flat_map(join).collect::<Vec<_>>()
                })
            });
            for (index, result) in done {
                results[index] = Some(result);
            }
        }
        results.into_iter().map(|result| result.expect("every request is present or was worked on")).collect()
    }

    /// Gets a small document into memory.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`]; a status other than 200 is [`FetchError::Status`].
    pub fn get(&self, url: &str, limit: u64) -> Result<Document, StoreError> {
        let found = self.get_if_changed(&Get::new(url, limit))?;
        // Without validators there is nothing to be unchanged from.
        found.ok_or_else(|| FetchError::status(url, 304, None).into())
    }

    /// Gets a small document into memory; `None` when it is still what the request's validators describe.
    pub fn get_if_changed(&self, request: &Get) -> Result<Option<Document>, StoreError> {
        self.watched(|| document::get(self, request))
    }

    fn tell(&self, event: FetchEvent<'_>) {
        (self.observer)(event);
    }

    /// Does `work` while a second thread looks out for cancellation: a read that waits for a silent server cannot.
    fn watched<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            let (done, is_done) = channel::<()>();
            scope.spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(WATCH_INTERVAL) {
                    if self.options.cancel.is_cancelled() {
                        self.agents.shut_down();
                        return;
                    }
                }
            });
            let result = work();
            drop(done);
            result
        })
    }
}

fn join<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl fmt::Debug for Request {
    /// Leaves out the headers: they may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<String> = self.urls.iter().map(|url| redact_url(url)).collect();
        f.debug_struct("Request")
            .field("label", &self.label)
            .field("urls", &urls)
            .field("digest", &self.digest)
            .field("size", &self.size)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

const WATCH_INTERVAL: Duration = Duration::from_millis(50);

//! A store, a server and a fetcher that notes what it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bareboat_store::{
    Digest, FetchError, FetchEvent, FetchOptions, Fetched, Fetcher, Request, Store, StoreError,
};
use bareboat_testkit::http::Server;
use tempfile::TempDir;

pub struct Setup {
    pub server: Server,
    pub store: Store,
    pub fetcher: Fetcher,
    events: Arc<Mutex<Vec<String>>>,
    _directory: TempDir,
}

impl Setup {
    pub fn new() -> Self {
        Self::with(options())
    }

    pub fn with(options: FetchOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&events);
        let observer =
            Arc::new(move |event: FetchEvent<'_>| notes.lock().unwrap().push(format!("{event:?}")));
        Self {
            server: Server::start(),
            store: Store::open(directory.path()).unwrap(),
            fetcher: Fetcher::new(options, observer),
            events,
            _directory: directory,
        }
    }

    /// A request for `content` at `path` with digest, without size.
    pub fn request(&self, path: &str, content: &[u8]) -> Request {
        Request {
            urls: vec![self.server.url(path)],
            digest: Some(Digest::of(content)),
            size: None,
            limit: 10 << 20,
            label: "thing".into(),
            ..Request::default()
        }
    }

    pub fn fetch(&self, path: &str, content: &[u8]) -> Result<Fetched, StoreError> {
        self.fetcher.fetch(&self.store, &self.request(path, content))
    }

    /// The events whose text contains `part`.
    pub fn events(&self, part: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|event| event.contains(part)).count()
    }

    /// Neither a blob nor a temporary file is left.
    pub fn assert_nothing_kept(&self) {
        let usage = self.store.usage().unwrap();
        assert_eq!((usage.blobs, usage.temporary), (0, 0));
    }

    pub fn assert_has(&self, content: &[u8]) {
        assert_eq!(self.store.read(&Digest::of(content), u64::MAX).unwrap(), content);
        assert_eq!(self.store.usage().unwrap().temporary, 0);
    }
}

/// Patient enough for a loaded machine, quick to try again.
pub fn options() -> FetchOptions {
    FetchOptions {
        first_delay: Duration::from_millis(1),
        longest_delay: Duration::from_millis(20),
        ..FetchOptions::default()
    }
}

pub fn fetch_error<T: std::fmt::Debug>(result: Result<T, StoreError>) -> FetchError {
    match result {
        Err(StoreError::Fetch(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Bytes without a pattern that a mixed-up resume could hide behind.
pub fn content(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(step).collect()
}

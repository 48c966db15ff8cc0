//! A threaded HTTP/1.1 server on loopback that can misbehave on request.
//!
//! Routes are fixed bodies or closures; a [`Response`] can be cut short, dripped, stalled, dropped or endless. Every
//! request is recorded. It is for tests: it trusts its clients, speaks no TLS and holds everything in memory.
//!
//! ```
//! use bareboat_testkit::http::{Response, Server};
//!
//! let server = Server::start();
//! server.file("/pool/a.deb", b"bytes".to_vec());
//! server.sequence("/flaky", vec![Response::status(500), Response::ok("fine")]);
//! server.route("/echo", |request| Response::ok(request.body.clone()));
//! let address = server.url("/pool/a.deb");
//! assert!(address.starts_with("http://127.0.0.1:"));
//! ```

mod connection;
mod message;

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

pub use message::{Request, Response};

/// A running server; dropping it closes all its connections.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What the server's threads share.
#[derive(Default)]
struct Shared {
    routes: Mutex<Routes>,
    requests: Mutex<Vec<Request>>,
    connections: Mutex<Vec<TcpStream>>,
    accepted: Mutex<usize>,
    stopping: AtomicBool,
}

type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

#[derive(Default)]
struct Routes {
    exact: BTreeMap<String, Handler>,
    below: BTreeMap<String, Handler>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1. Paths without a route answer 404.
    ///
    /// # Panics
    /// When the machine has no loopback port to give.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &for_thread));
        Self { address, shared, accepting: Some(accepting) }
    }

    /// The address of `path` (which starts with `/`) here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Answers requests for exactly `path` (without query) with what `handler` returns.
    pub fn route(&self, path: &str, handler: impl Fn(&Request) -> Response + Send + Sync + 'static) {
        lock(&self.shared.routes).exact.insert(path.to_owned(), Arc::new(handler));
    }

    /// Answers requests for paths that start with `prefix`, unless another route fits exactly or with a longer prefix.
    pub fn route_below(&self, prefix: &str, handler: impl Fn(&Request) -> Response + Send + Sync + 'static) {
        lock(&self.shared.routes).below.insert(prefix.to_owned(), Arc::new(handler));
    }

    /// Serves `body` at `path` as a static file server would: `HEAD`, `ETag`, `If-None-Match`, `Range`, `If-Range`.
    pub fn file(&self, path: &str, body: impl Into<Vec<u8>>) {
        let response = Response::file(body);
        self.route(path, move |_| response.clone());
    }

    /// Answers the first request for `path` with the first of `responses` and so on; the last one repeats.
    ///
    /// # Panics
    /// When `responses` is empty.
    pub fn sequence(&self, path: &str, responses: Vec<Response>) {
        assert!(!responses.is_empty(), "a sequence needs a response");
        let next = Mutex::new(0);
        self.route(path, move |_| {
            let mut next = lock(&next);
            let response = responses[*next].clone();
            *next = (*next + 1).min(responses.len() - 1);
            response
        });
    }

    /// All requests so far, in the order they were read.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The requests for exactly `path` so far.
    pub fn requests_for(&self, path: &str) -> Vec<Request> {
        lock(&self.shared.requests).iter().filter(|request| request.path == path).cloned().collect()
    }

    /// How many requests for exactly `path` there were.
    pub fn count(&self, path: &str) -> usize {
        self.requests_for(path).len()
    }

    /// How many connections were accepted, to see whether clients keep them.
    pub fn connections(&self) -> usize {
        *lock(&self.shared.accepted)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn respond(&self, request: &Request) -> Response {
        lock(&self.requests).push(request.clone());
        let handler = {
            let routes = lock(&self.routes);
            let below = || {
                let fits = |entry: &(&String, &Handler)| request.path.starts_with(entry.0.as_str());
                routes.below.iter().filter(fits).max_by_key(|(prefix, _)| prefix.len())
            };
            routes.exact.get(&request.path).or_else(|| below().map(|(_, handler)| handler)).cloned()
        };
        handler.map_or_else(|| Response::status(404), |handler| handler(request))
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else { continue };
        lock(&shared.connections).push(handle);
        *lock(&shared.accepted) += 1;
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away in the middle is what many tests are about.
            let _: io::Result<()> = connection::serve(stream, &|request| shared.respond(request));
        });
    }
}

/// A panic in one handler must not hide the assertion that caused it behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

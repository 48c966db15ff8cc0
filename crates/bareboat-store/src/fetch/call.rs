//! One request whose answer the caller judges, status and all: what the protocol of registries is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::time::Duration;

use ureq::SendBody;
use ureq::http::HeaderMap;

use super::document::read_limited;
use super::exchange::Target;
use super::{FetchError, Fetcher, redact_url};
use crate::StoreError;

/// The methods that registries use (RFC 9110 section 9, RFC 5789).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Get a representation.
    Get,
    /// Only its headers.
    Head,
    /// Begin something.
    Post,
    /// Put a representation there.
    Put,
    /// Add to one.
    Patch,
    /// Remove it.
    Delete,
}

impl Method {
    pub(super) fn name(self) -> ureq::http::Method {
        match self {
            Self::Get => ureq::http::Method::GET,
            Self::Head => ureq::http::Method::HEAD,
            Self::Post => ureq::http::Method::POST,
            Self::Put => ureq::http::Method::PUT,
            Self::Patch => ureq::http::Method::PATCH,
            Self::Delete => ureq::http::Method::DELETE,
        }
    }
}

/// A request.
#[derive(Clone)]
pub struct Call {
    /// What to do.
    pub method: Method,
    /// To what: `https` or `http`.
    pub url: String,
    /// Request headers. They go to the address's origin, never to where it redirects.
    pub headers: BTreeMap<String, String>,
    /// The most bytes to accept as an answer.
    pub limit: u64,
}

/// What is sent along.
pub struct Content<'a> {
    /// The bytes.
    pub reader: &'a mut dyn Read,
    /// How many there are.
    pub length: u64,
}

/// An answer with any status.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most as long as the call allows.
    pub bytes: Vec<u8>,
    /// The address that answered, redirects followed. It may hold secrets: show it through [`redact_url`] only.
    pub url: String,
    headers: HeaderMap,
}

impl Call {
    /// A request without headers that accepts an answer of 4 MiB, as much as a manifest may have.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: BTreeMap::new(), limit: 4 << 20 }
    }

    /// The same with a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }
}

impl Reply {
    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a header that are text.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The error that this status is when nothing better is known.
    pub fn as_error(&self) -> FetchError {
        let seconds = self.header("retry-after").and_then(|value| value.trim().parse().ok());
        FetchError::status(&self.url, self.status, seconds.map(Duration::from_secs))
    }
}

impl Fetcher {
    /// Makes a request, once. Redirects are followed for requests without content only.
    ///
    /// # Errors
    /// When no answer comes, or one that is too long; an answer with any status is none. [`StoreError::Cancelled`].
    pub fn call(&self, call: &Call, content: Option<Content<'_>>) -> Result<Reply, StoreError> {
        let target = Target::parse(&call.url)?;
        if self.options.offline {
            let shown = target.shown();
            return Err(FetchError::Offline { what: format!("`{shown}`"), url: shown }.into());
        }
        self.watched(|| {
            self.options.cancel.check()?;
            let mut answer = match content {
                Some(content) => {
                    let length = [("Content-Length", content.length.to_string())];
                    let body = SendBody::from_reader(content.reader);
                    self.send(call.method, &target, &call.headers, &length, body)?
                }
                None => self.exchange_with(call.method, &target, &call.headers, &[])?,
            };
            let bytes = match call.method {
                Method::Head => Vec::new(),
                _ => read_limited(self, &mut answer.body, call.limit, &target)?,
            };
            Ok(Reply { status: answer.status, bytes, url: answer.url.to_string(), headers: answer.headers })
        })
    }

    /// Makes `attempt` again, after a pause, as long as what it fails with may pass.
    ///
    /// # Errors
    /// The last attempt's, and [`StoreError::Cancelled`].
    pub fn persist<T>(
        &self,
        label: &str,
        mut attempt: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.repeat(label, || attempt().map_err(|error| (error, 0)))
    }
}

impl fmt::Debug for Call {
    /// Leaves out the headers: they may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.method, redact_url(&self.url))
    }
}

//! What was asked and what to answer, faults included.

use std::collections::BTreeMap;
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT` …
    pub method: String,
    /// The request target unchanged: a path with query, or a whole URL when the client takes us for a proxy.
    pub target: String,
    /// The target's path, not decoded.
    pub path: String,
    /// What follows the `?`, not decoded; empty without.
    pub query: String,
    /// Header values by lower-case name; several of one name are joined with `, `.
    pub headers: BTreeMap<String, String>,
    /// The body, freed from chunked coding.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The raw value of `key` in the query.
    pub fn query_value(&self, key: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    }
}

/// An answer, and how badly to send it.
#[derive(Debug, Clone)]
pub struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delivery: Delivery,
    pub(super) framing: Framing,
    pub(super) is_file: bool,
    pub(super) closes: bool,
}

/// How the body goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    /// The connection closes after so many bytes.
    Truncated(usize),
    /// After so many bytes nothing comes any more, until the client or the server goes.
    Stalled(usize),
    /// So many bytes at a time, with a pause between.
    Dripping(usize, Duration),
    /// The body over and over, until the client goes.
    Endless,
    /// The connection closes without a byte.
    Dropped,
}

/// How the client learns where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

impl Response {
    /// `200` with `body`.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
            delivery: Delivery::Whole,
            framing: Framing::Length,
            is_file: false,
            closes: false,
        }
    }

    /// `status` with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::ok("") }
    }

    /// A redirect with `status` (301, 302, 303, 307, 308).
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("Location", location)
    }

    /// `200` with `body` as a static file server sends it: with an `ETag`, honouring `If-None-Match`, `Range` and
    /// `If-Range`.
    pub fn file(body: impl Into<Vec<u8>>) -> Self {
        Self { is_file: true, ..Self::ok(body) }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body in chunks instead of with its length.
    pub fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Sends the body without its length; it ends when the connection does.
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::UntilClose;
        self
    }

    /// Closes the connection after the response without having said so.
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Promises the whole body and closes the connection after `bytes` of it.
    pub fn truncated_after(mut self, bytes: usize) -> Self {
        self.delivery = Delivery::Truncated(bytes);
        self
    }

    /// Sends `bytes` of the body and then nothing for as long as the client stays.
    pub fn stalled_after(mut self, bytes: usize) -> Self {
        self.delivery = Delivery::Stalled(bytes);
        self
    }

    /// Sends the body `bytes` at a time with a `pause` after each.
    pub fn dripping(mut self, bytes: usize, pause: Duration) -> Self {
        self.delivery = Delivery::Dripping(bytes, pause);
        self
    }

    /// Sends the body again and again until the client goes away; without a length.
    pub fn endless(mut self) -> Self {
        self.delivery = Delivery::Endless;
        self.framing = Framing::UntilClose;
        self
    }

    /// Closes the connection instead of answering.
    pub fn dropped() -> Self {
        Self { delivery: Delivery::Dropped, ..Self::ok("") }
    }

    /// The answer to `request` if this is a file: the part it asks for, or that it has not changed.
    pub(super) fn for_request(mut self, request: &Request) -> Self {
        if !self.is_file || self.status != 200 {
            return self;
        }
        let tag = format!("\"{:08x}-{:x}\"", crc32fast::hash(&self.body), self.body.len());
        self = self.header("ETag", &tag).header("Accept-Ranges", "bytes");
        if request.header("if-none-match") == Some(&tag) {
            return Self { status: 304, body: Vec::new(), ..self };
        }
        let is_current = request.header("if-range").is_none_or(|wanted| wanted == tag);
        let Some((first, last)) = request.header("range").filter(|_| is_current).and_then(parse_range) else {
            return self;
        };
        let length = self.body.len();
        let last = last.unwrap_or(length.saturating_sub(1)).min(length.saturating_sub(1));
        if first >= length || first > last {
            return Self { status: 416, body: Vec::new(), ..self }
                .header("Content-Range", &format!("bytes */{length}"));
        }
        self.body = self.body[first..=last].to_vec();
        self.status = 206;
        self.header("Content-Range", &format!("bytes {first}-{last}/{length}"))
    }
}

/// `bytes=FIRST-` or `bytes=FIRST-LAST`; other forms are ignored, as RFC 9110 section 14.2 allows.
fn parse_range(range: &str) -> Option<(usize, Option<usize>)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = match last {
        "" => None,
        last => Some(last.parse().ok()?),
    };
    Some((first.parse().ok()?, last))
}

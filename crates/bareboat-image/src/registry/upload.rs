//! Sending one blob (distribution-spec, "Pushing blobs").
//!
//! A small blob goes in one piece and starts again when it breaks. A large one goes as a stream, and after a break goes
//! on where the registry says it stopped.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};

use bareboat_store::{Call, Digest, FetchError, Method, Reply, Store, StoreError};
use url::Url;

use super::exchange::{Access, Repository};
use super::{PushEvent, RegistryError};

/// Blobs from this size on, in bytes, are worth going on with after a break.
const LARGE: u64 = 16 << 20;

/// Breaks in a row without a byte more at the registry.
const MOST_BREAKS: u32 = 4;

/// How a blob came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// From here.
    Bytes,
    /// Within the registry.
    Mounted,
}

/// A blob on its way.
pub(super) struct Upload<'a> {
    pub(super) repository: &'a Repository<'a>,
    pub(super) store: &'a Store,
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// Another repository of the registry that had it.
    pub(super) from: Option<String>,
    /// Brings it into the store, when it has to be sent.
    pub(super) bring: &'a (dyn Fn() -> Result<(), RegistryError> + 'a),
    pub(super) observer: &'a (dyn Fn(PushEvent) + Sync),
}

impl Upload<'_> {
    /// Sends it.
    pub(super) fn run(&self) -> Result<Sent, RegistryError> {
        let label = self.digest.short();
        if self.from.is_none() {
            // An upload that was begun does not wait for ever.
            (self.bring)()?;
        }
        if self.size >= LARGE {
            return match self.begin()? {
                None => Ok(Sent::Mounted),
                Some(session) => {
                    (self.bring)()?;
                    self.stream(session).map(|()| Sent::Bytes)
                }
            };
        }
        self.repository.persist(&label, || match self.begin()? {
            None => Ok(Sent::Mounted),
            Some(session) => {
                (self.bring)()?;
                self.whole(&session).map(|()| Sent::Bytes)
            }
        })
    }

    /// Opens an upload; `None` when the registry had the blob in `from`.
    fn begin(&self) -> Result<Option<Url>, RegistryError> {
        let mut address = self.repository.address("blobs/uploads/");
        let mut access = Access::Push;
        if let Some(from) = &self.from {
            address.push_str(&format!("?mount={}&from={from}", self.digest));
            access = Access::Mount(from);
        }
        let mut call = Call::new(Method::Post, address);
        call = call.header("Content-Length", "0");
        let reply = self.repository.ask(access, &call)?;
        match reply.status {
            201 => Ok(None),
            202 => self.location(&reply, None).map(Some),
            _ if self.from.is_some() => {
                // No right to the other repository is no reason to fail.
                Upload { from: None, ..*self }.begin()
            }
            _ => Err(self.repository.refused(&reply, access, "begin an upload")),
        }
    }

    fn whole(&self, session: &Url) -> Result<(), RegistryError> {
        let call = Call::new(Method::Put, self.finished(session)).header("Content-Type", OCTETS);
        let sent = Cell::new(0);
        let open = || self.reader(0, &sent);
        let result = self.repository.once(Access::Push, &call, Some((&open, self.size)));
        let done = result.and_then(|reply| match reply.status {
            201 | 204 => Ok(()),
            _ => {
                Err(self.repository.refused(&reply, Access::Push, &format!("take the blob {}", self.digest)))
            }
        });
        if done.is_err() {
            self.take_back(sent.get());
        }
        done
    }

    fn stream(&self, mut session: Url) -> Result<(), RegistryError> {
        let (mut offset, mut breaks) = (0, 0);
        while offset < self.size {
            let before = offset;
            let sent = Cell::new(0);
            match self.piece(&session, offset, &sent) {
                Ok(reply) if reply.status == 202 => {
                    session = self.location(&reply, Some(&session))?;
                    offset = received(&reply).unwrap_or(self.size);
                }
                Ok(reply) if !matches!(reply.status, 404 | 416) => {
                    let what = format!("take the blob {}", self.digest);
                    return Err(self.repository.refused(&reply, Access::Push, &what));
                }
                Err(error) if !is_break(&error) => return Err(error),
                broken => {
                    (session, offset) = match self.stopped_at(&session)? {
                        Some(at) => at,
                        None => match self.begin()? {
                            Some(session) => (session, 0),
                            None => return Ok(()),
                        },
                    };
                    self.take_back((before + sent.get()).saturating_sub(offset));
                    breaks = if offset > before { 0 } else { breaks + 1 };
                    if breaks > MOST_BREAKS {
                        broken?;
                        let reason = format!("it loses what it was sent after {offset} bytes");
                        let what = format!("take the blob {}", self.digest);
                        return Err(RegistryError::Answer { what, reason });
                    }
                }
            }
        }
        let call = Call::new(Method::Put, self.finished(&session)).header("Content-Length", "0");
        let reply = self.repository.ask(Access::Push, &call)?;
        match reply.status {
            201 | 204 => Ok(()),
            _ => {
                Err(self.repository.refused(&reply, Access::Push, &format!("keep the blob {}", self.digest)))
            }
        }
    }

    /// Everything from `offset` on.
    fn piece(&self, session: &Url, offset: u64, sent: &Cell<u64>) -> Result<Reply, RegistryError> {
        let mut call = Call::new(Method::Patch, session.as_str()).header("Content-Type", OCTETS);
        if offset > 0 {
            call = call.header("Content-Range", format!("{offset}-{}", self.size - 1));
        }
        let open = || self.reader(offset, sent);
        self.repository.once(Access::Push, &call, Some((&open, self.size - offset)))
    }

    /// Where an upload goes on and how many bytes the registry has; `None` when it knows nothing of it any more.
    fn stopped_at(&self, session: &Url) -> Result<Option<(Url, u64)>, RegistryError> {
        let reply = self.repository.ask(Access::Push, &Call::new(Method::Get, session.as_str()))?;
        match reply.status {
            204 | 202 => {
                let session = self.location(&reply, Some(session))?;
                Ok(Some((session, received(&reply).unwrap_or(0).min(self.size))))
            }
            _ => Ok(None),
        }
    }

    fn location(&self, reply: &Reply, session: Option<&Url>) -> Result<Url, RegistryError> {
        let wrong = |reason: String| RegistryError::Answer { what: "begin an upload".to_owned(), reason };
        let base = Url::parse(&reply.url).map_err(|error| wrong(error.to_string()))?;
        match (reply.header("location"), session) {
            (Some(location), _) => base.join(location).map_err(|error| wrong(error.to_string())),
            (None, Some(session)) => Ok(session.clone()),
            (None, None) => Err(wrong("it does not say where to".to_owned())),
        }
    }

    fn finished(&self, session: &Url) -> String {
        let mut url = session.clone();
        url.query_pairs_mut().append_pair("digest", &self.digest.to_string());
        url.into()
    }

    fn reader<'b>(&'b self, offset: u64, sent: &'b Cell<u64>) -> Result<Box<dyn Read + 'b>, StoreError> {
        let mut blob = self.store.open_blob(&self.digest)?;
        let path = self.store.path(&self.digest);
        blob.seek(SeekFrom::Start(offset)).map_err(|error| StoreError::io("read", &path, error))?;
        self.take_back(sent.replace(0));
        Ok(Box::new(Counted { inner: blob, sent, observer: self.observer }))
    }

    /// Bytes that have to be sent again.
    fn take_back(&self, bytes: u64) {
        if bytes > 0 {
            (self.observer)(PushEvent::Expected(bytes));
        }
    }
}

/// Tells what was read for sending.
struct Counted<'a, R> {
    inner: R,
    sent: &'a Cell<u64>,
    observer: &'a (dyn Fn(PushEvent) + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sent.set(self.sent.get() + read as u64);
        (self.observer)(PushEvent::Settled(read as u64));
        Ok(read)
    }
}

/// How many bytes a reply says the registry has: `Range: 0-N`, the last position.
fn received(reply: &Reply) -> Option<u64> {
    let range = reply.header("range")?;
    let (_, last) = range.trim_start_matches("bytes=").split_once('-')?;
    match last.trim().parse::<u64>().ok()? {
        // `0-0` is what registries say of an empty upload, too.
        0 => Some(0),
        last => Some(last + 1),
    }
}

/// Going on may help.
fn is_break(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Store(StoreError::Fetch(
            FetchError::Interrupted { .. } | FetchError::Unreachable { .. } | FetchError::Status { .. }
        ))
    )
}

const OCTETS: &str = "application/octet-stream";

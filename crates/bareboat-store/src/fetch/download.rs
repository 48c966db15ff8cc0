//! From an address into the store.

use std::fs::File;
use std::io::{self, Read};

use super::error::from_io;
use super::exchange::{Answer, Target};
use super::{FetchError, FetchEvent, Fetched, Fetcher, Request};
use crate::{BlobWriter, Digest, Lock, Store, StoreError};

/// The request's content, if the store has it.
pub(super) fn present(store: &Store, request: &Request) -> Option<Fetched> {
    let digest = request.digest?;
    let size = store.size(&digest)?;
    Some(Fetched { digest, size, url: None })
}

/// Fetches `request` from the first address that has it.
pub(super) fn fetch(fetcher: &Fetcher, store: &Store, request: &Request) -> Result<Fetched, StoreError> {
    let result = fetch_once(fetcher, store, request);
    let label = request.label.as_str();
    match &result {
        Ok(fetched) => fetcher.tell(FetchEvent::Finished { label, bytes: fetched.size }),
        Err(_) => fetcher.tell(FetchEvent::Failed { label }),
    }
    result
}

fn fetch_once(fetcher: &Fetcher, store: &Store, request: &Request) -> Result<Fetched, StoreError> {
    let _lock = match &request.digest {
        Some(digest) => Some(lock_content(fetcher, store, request, digest)?),
        None => None,
    };
    // Whoever held the lock may have brought it.
    if let Some(fetched) = present(store, request) {
        return Ok(fetched);
    }
    let label = request.label.as_str();
    let mut attempts = Vec::new();
    for address in &request.urls {
        if let Some(error) = attempts.last() {
            let why = FetchError::to_string(error);
            fetcher.tell(FetchEvent::Retrying { label, why: &why, after: std::time::Duration::ZERO });
        }
        match from_address(fetcher, store, request, address) {
            // Another mirror may do better.
            Err(StoreError::Fetch(error)) => attempts.push(error),
            result => return result,
        }
    }
    if attempts.is_empty() {
        let reason = format!("no address for {label} is known");
        attempts.push(FetchError::Address { url: String::new(), reason });
    }
    Err(match attempts.len() {
        1 => attempts.remove(0).into(),
        _ => FetchError::NoMirror { what: request.label.clone(), attempts }.into(),
    })
}

/// Waits until nobody else fetches the same content.
fn lock_content(
    fetcher: &Fetcher,
    store: &Store,
    request: &Request,
    digest: &Digest,
) -> Result<Lock, StoreError> {
    let name = format!("fetch {digest}");
    let mut is_told = false;
    loop {
        if let Some(lock) = store.try_lock(&name)? {
            return Ok(lock);
        }
        if !std::mem::replace(&mut is_told, true) {
            fetcher.tell(FetchEvent::Waiting { label: &request.label });
        }
        // Not a blocking lock: that could not be cancelled.
        fetcher.pause(std::time::Duration::from_millis(20))?;
    }
}

fn from_address(
    fetcher: &Fetcher,
    store: &Store,
    request: &Request,
    address: &str,
) -> Result<Fetched, StoreError> {
    let target = Target::parse(address)?;
    if target.url.scheme() == "file" {
        return from_file(fetcher, store, request, &target);
    }
    if fetcher.options.offline {
        return Err(FetchError::Offline { what: request.label.clone(), url: target.shown() }.into());
    }
    let mut is_second = false;
    loop {
        let mut download = Download::new(fetcher, store, request, &target)?;
        fetcher.repeat(&request.label, || {
            let before = download.farthest;
            download.attempt().map_err(|error| (error, download.farthest - before))
        })?;
        let was_resumed = download.was_resumed;
        match download.finish() {
            // Its parts may be of two files: once more in one piece.
            Err(StoreError::Fetch(FetchError::WrongContent { .. })) if was_resumed && !is_second => {
                is_second = true;
            }
            result => return result,
        }
    }
}

fn from_file(
    fetcher: &Fetcher,
    store: &Store,
    request: &Request,
    target: &Target,
) -> Result<Fetched, StoreError> {
    let (mut file, size) = open_local(target)?;
    let mut download = Download::new(fetcher, store, request, target)?;
    download.expect(Some(size))?;
    download.copy(&mut file)?;
    download.finish()
}

/// The regular file that a `file` address names, with its length in bytes.
pub(super) fn open_local(target: &Target) -> Result<(File, u64), FetchError> {
    let path = target.url.to_file_path().map_err(|()| FetchError::Address {
        url: target.shown(),
        reason: "it names no file of this machine".to_owned(),
    })?;
    let fail = |source| FetchError::File { path: path.clone(), source };
    let metadata = std::fs::metadata(&path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(fail(io::Error::other("it is not a regular file")));
    }
    Ok((File::open(&path).map_err(fail)?, metadata.len()))
}

/// A download from one address and how far it has come.
struct Download<'a> {
    fetcher: &'a Fetcher,
    request: &'a Request,
    target: &'a Target,
    writer: BlobWriter<'a>,
    received: u64,
    /// The most that was ever received. Getting the same first part again and again is no progress.
    farthest: u64,
    /// A strong `ETag` of what has been received.
    tag: Option<String>,
    was_resumed: bool,
}

impl<'a> Download<'a> {
    fn new(
        fetcher: &'a Fetcher,
        store: &'a Store,
        request: &'a Request,
        target: &'a Target,
    ) -> Result<Self, StoreError> {
        let writer = match request.size {
            // A size beyond the limit is refused before anything is reserved for it.
            Some(size) if size <= request.limit => store.writer_sized(size)?,
            _ => store.writer()?,
        };
        Ok(Self { fetcher, request, target, writer, received: 0, farthest: 0, tag: None, was_resumed: false })
    }

    /// One request for all that is missing.
    fn attempt(&mut self) -> Result<(), StoreError> {
        // Without digest or validator two halves could be of different files.
        if self.received > 0 && self.request.digest.is_none() && self.tag.is_none() {
            self.restart()?;
        }
        let mut range = Vec::new();
        if self.received > 0 {
            range.push(("Range", format!("bytes={}-", self.received)));
            range.extend(self.tag.clone().map(|tag| ("If-Range", tag)));
        }
        let mut answer = self.fetcher.exchange(self.target, &self.request.headers, &range)?;
        self.accept(&answer)?;
        self.expect(answer.length().map(|length| self.received + length))?;
        self.copy(&mut answer.body)
    }

    /// Checks the status against what is there already.
    fn accept(&mut self, answer: &Answer) -> Result<(), StoreError> {
        match answer.status {
            200 => {
                if self.received > 0 {
                    self.restart()?;
                }
                let tag = answer.header("etag").filter(|tag| !tag.starts_with("W/"));
                self.tag = tag.map(str::to_owned);
                Ok(())
            }
            206 if self.received > 0 && answer.range_start() == Some(self.received) => {
                self.was_resumed = true;
                Ok(())
            }
            206 | 416 if self.received > 0 => {
                self.restart()?;
                Err(self.interrupted("the server cannot go on where it stopped"))
            }
            _ => Err(answer.as_error().into()),
        }
    }

    /// Refuses a promised length that cannot be right, before any of it is read.
    fn expect(&self, total: Option<u64>) -> Result<(), StoreError> {
        if let (Some(expected), Some(found)) = (self.request.size, total)
            && expected != found
        {
            return Err(FetchError::WrongSize { url: self.target.shown(), expected, found }.into());
        }
        if total.or(self.request.size).is_some_and(|total| total > self.request.limit) {
            return Err(self.too_large());
        }
        let total = total.or(self.request.size);
        self.fetcher.tell(FetchEvent::Started { label: &self.request.label, total });
        Ok(())
    }

    /// Writes what `body` gives, no more than allowed.
    fn copy(&mut self, body: &mut dyn Read) -> Result<(), StoreError> {
        let most = self.request.size.unwrap_or(u64::MAX).min(self.request.limit);
        let mut buffer = vec![0; BUFFER];
        loop {
            self.fetcher.options.cancel.check()?;
            let read = match body.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(from_body(&self.target.shown(), error).into()),
            };
            if read == 0 {
                break;
            }
            if self.received + read as u64 > most {
                return Err(self.too_large());
            }
            self.writer.write_bytes(&buffer[..read])?;
            self.received += read as u64;
            self.farthest = self.farthest.max(self.received);
            let label = self.request.label.as_str();
            self.fetcher.tell(FetchEvent::Progress { label, bytes: self.received });
        }
        match self.request.size {
            Some(size) if self.received < size => Err(self.interrupted("it was closed too early")),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Fetched, StoreError> {
        let url = Some(self.target.shown());
        let Some(expected) = self.request.digest else {
            let (digest, size) = self.writer.finish()?;
            return Ok(Fetched { digest, size, url });
        };
        match self.writer.finish_expecting(&expected) {
            Ok(size) => Ok(Fetched { digest: expected, size, url }),
            Err(StoreError::Mismatch { expected, found, size }) => {
                Err(FetchError::WrongContent { url: self.target.shown(), expected, found, size }.into())
            }
            Err(error) => Err(error),
        }
    }

    fn restart(&mut self) -> Result<(), StoreError> {
        self.writer.restart()?;
        (self.received, self.tag, self.was_resumed) = (0, None, false);
        Ok(())
    }

    fn too_large(&self) -> StoreError {
        let limit = self.request.size.unwrap_or(u64::MAX).min(self.request.limit);
        FetchError::TooLarge { url: self.target.shown(), limit }.into()
    }

    fn interrupted(&self, reason: &str) -> StoreError {
        FetchError::Interrupted { url: self.target.shown(), reason: reason.to_owned() }.into()
    }
}

/// An error while reading a body; the HTTP library's own errors come wrapped.
pub(super) fn from_body(url: &str, error: io::Error) -> FetchError {
    if error.get_ref().is_some_and(|inner| inner.is::<ureq::Error>()) {
        return super::error::from_ureq(url, error.into());
    }
    from_io(url.to_owned(), &error)
}

const BUFFER: usize = 128 * 1024;

//! Small documents, held in memory: indexes, release files, metadata.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::download::{from_body, open_local};
use super::exchange::{Answer, Target};
use super::{FetchError, Fetcher};
use crate::StoreError;

/// A small document to get.
#[derive(Clone, Default)]
pub struct Get {
    /// Its address: `https`, `http` or `file`.
    pub url: String,
    /// The most bytes to accept.
    pub limit: u64,
    /// Further request headers, such as `Accept`. They go to the address's origin, never to where it redirects.
    pub headers: BTreeMap<String, String>,
    /// What an earlier answer said about itself. With any of them set the answer may be that nothing changed.
    pub validators: Validators,
}

/// What a server says to recognise a version of a document by.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
}

/// A document and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub bytes: Vec<u8>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// To ask with the next time.
    pub validators: Validators,
    /// The address it came from after redirects, to resolve relative links against. It may hold secrets: show it
    /// through [`super::redact_url`] only.
    pub url: String,
}

impl Get {
    /// The document at `url`, at most `limit` bytes.
    pub fn new(url: impl Into<String>, limit: u64) -> Self {
        Self { url: url.into(), limit, ..Self::default() }
    }
}

/// Gets the document; `None` when the validators still hold.
pub(super) fn get(fetcher: &Fetcher, request: &Get) -> Result<Option<Document>, StoreError> {
    let target = Target::parse(&request.url)?;
    if target.url.scheme() == "file" {
        let (mut file, _) = open_local(&target)?;
        let bytes = read_limited(fetcher, &mut file, request.limit, &target)?;
        let url = target.url.to_string();
        return Ok(Some(Document { bytes, content_type: None, validators: Validators::default(), url }));
    }
    let shown = target.shown();
    if fetcher.options.offline {
        return Err(FetchError::Offline { what: format!("`{shown}`"), url: shown }.into());
    }
    let mut conditions = Vec::new();
    conditions.extend(request.validators.etag.clone().map(|tag| ("If-None-Match", tag)));
    conditions.extend(request.validators.last_modified.clone().map(|date| ("If-Modified-Since", date)));
    fetcher.repeat(&shown, || {
        let answer =
            fetcher.exchange(&target, &request.headers, &conditions).map_err(|error| (error.into(), 0))?;
        accept(fetcher, request, &target, answer, !conditions.is_empty()).map_err(|error| (error, 0))
    })
}

fn accept(
    fetcher: &Fetcher,
    request: &Get,
    target: &Target,
    mut answer: Answer,
    is_conditional: bool,
) -> Result<Option<Document>, StoreError> {
    match answer.status {
        200 => {}
        304 if is_conditional => return Ok(None),
        _ => return Err(answer.as_error().into()),
    }
    if answer.length().is_some_and(|length| length > request.limit) {
        return Err(FetchError::TooLarge { url: target.shown(), limit: request.limit }.into());
    }
    let text = |name| answer.header(name).map(str::to_owned);
    let validators = Validators { etag: text("etag"), last_modified: text("last-modified") };
    let (content_type, url) = (text("content-type"), answer.url.to_string());
    let bytes = read_limited(fetcher, &mut answer.body, request.limit, target)?;
    Ok(Some(Document { bytes, content_type, validators, url }))
}

pub(super) fn read_limited(
    fetcher: &Fetcher,
    body: &mut dyn Read,
    limit: u64,
    target: &Target,
) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        fetcher.options.cancel.check()?;
        match body.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(read) if (bytes.len() + read) as u64 > limit => {
                return Err(FetchError::TooLarge { url: target.shown(), limit }.into());
            }
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(from_body(&target.shown(), error).into()),
        }
    }
}

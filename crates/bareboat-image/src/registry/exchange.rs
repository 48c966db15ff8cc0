//! Requests about one repository, with whatever the registry wants to see.

use std::io::Read;
use std::sync::Arc;

use bareboat_store::{Call, Content, Digest, Fetcher, Method, Reply, StoreError};

use super::RegistryError;
use super::connection::Connection;
use super::error::said;
use crate::json;
use crate::media_type;

/// A repository at a registry.
#[derive(Clone)]
pub(super) struct Repository<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) connection: Arc<Connection>,
    pub(super) domain: String,
    /// `library/python`.
    pub(super) name: String,
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access<'a> {
    Pull,
    Push,
    /// Push, and read blobs of another repository.
    Mount(&'a str),
    Delete,
}

/// Opens what is sent, again for each attempt.
pub(super) type Open<'a> = dyn Fn() -> Result<Box<dyn Read + 'a>, StoreError> + 'a;

impl Repository<'_> {
    /// Where something of the repository is.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.connection.base, self.name)
    }

    /// The tokens' scopes for `access`.
    fn scope(&self, access: Access<'_>) -> Vec<String> {
        match access {
            Access::Pull => vec![format!("repository:{}:pull", self.name)],
            Access::Push => vec![format!("repository:{}:pull,push", self.name)],
            // Those who may delete in one way of counting may push in the other.
            Access::Delete => vec![format!("repository:{}:delete,pull,push", self.name)],
            Access::Mount(from) => {
                vec![format!("repository:{}:pull,push", self.name), format!("repository:{from}:pull")]
            }
        }
    }

    /// The `Authorization` header for `access`.
    pub(super) fn authorization(&self, access: Access<'_>) -> Result<Option<String>, RegistryError> {
        self.connection.authorization(self.fetcher, &self.scope(access))
    }

    /// Forgets the token that `used` showed, so that the next request gets another; false when it was none.
    pub(super) fn renew(&self, access: Access<'_>, used: Option<&str>) -> bool {
        self.connection.forget(&self.scope(access), used)
    }

    /// Makes a request. It is repeated when the network or the registry fails for a moment.
    pub(super) fn ask(&self, access: Access<'_>, call: &Call) -> Result<Reply, RegistryError> {
        self.ask_with(access, call, None)
    }

    /// The same with `length` bytes that `open` gives.
    pub(super) fn ask_with(
        &self,
        access: Access<'_>,
        call: &Call,
        content: Option<(&Open<'_>, u64)>,
    ) -> Result<Reply, RegistryError> {
        let what = format!("{}/{}", self.domain, self.name);
        self.persist(&what, || self.once(access, call, content))
    }

    /// Repeats `attempt` while what it fails with may pass.
    pub(super) fn persist<T>(
        &self,
        label: &str,
        mut attempt: impl FnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        self.fetcher.persist(label, || match attempt() {
            Err(RegistryError::Store(error)) => Err(error),
            settled => Ok(settled),
        })?
    }

    /// One attempt, with another token when the first is no longer taken. A status that passes by itself is an error.
    pub(super) fn once(
        &self,
        access: Access<'_>,
        call: &Call,
        content: Option<(&Open<'_>, u64)>,
    ) -> Result<Reply, RegistryError> {
        // Others use the same token; each of them may find it used up.
        const TOKENS: usize = 4;
        let own = call.url.strip_prefix(&self.connection.base).is_some_and(|rest| rest.starts_with('/'));
        let mut tried = 0;
        loop {
            let authorization = self.authorization(access)?.filter(|_| own);
            let mut call = call.clone();
            if let Some(value) = &authorization {
                call = call.header("Authorization", value);
            }
            let reply = match content {
                None => self.fetcher.call(&call, None)?,
                Some((open, length)) => {
                    let mut reader = open()?;
                    self.fetcher.call(&call, Some(Content { reader: &mut *reader, length }))?
                }
            };
            tried += 1;
            match reply.status {
                401 if tried < TOKENS && self.renew(access, authorization.as_deref()) => {}
                408 | 425 | 429 | 500 | 502 | 503 | 504 => {
                    return Err(StoreError::from(reply.as_error()).into());
                }
                _ => return Ok(reply),
            }
        }
    }

    /// The error that a reply is when it is not what `what` wanted.
    pub(super) fn refused(&self, reply: &Reply, access: Access<'_>, what: &str) -> RegistryError {
        let said = said(reply);
        match reply.status {
            401 | 403 => RegistryError::Denied {
                domain: self.domain.clone(),
                who: if self.connection.is_known { "you" } else { "somebody without login" },
                action: match access {
                    Access::Pull => "read",
                    Access::Delete => "delete from",
                    Access::Push | Access::Mount(_) => "write to",
                },
                name: self.name.clone(),
                said,
            },
            status => RegistryError::Refused { what: what.to_owned(), status, said },
        }
    }

    /// A manifest or index by tag or digest, with its media type; `None` when there is none.
    pub(super) fn manifest(&self, at: &str) -> Result<Option<(String, Vec<u8>)>, RegistryError> {
        const ACCEPTED: [&str; 4] =
            [media_type::MANIFEST, media_type::INDEX, media_type::DOCKER_MANIFEST, media_type::DOCKER_INDEX];
        let mut call = Call::new(Method::Get, self.address(&format!("manifests/{at}")));
        call = call.header("Accept", ACCEPTED.join(", "));
        call.limit = json::MAX_DOCUMENT;
        let reply = self.ask(Access::Pull, &call)?;
        match reply.status {
            200 => {
                let kind = reply.header("content-type").unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
                Ok(Some((kind, reply.bytes)))
            }
            404 => Ok(None),
            _ => Err(self.refused(&reply, Access::Pull, &format!("give the manifest of `{}`", self.name))),
        }
    }

    /// Whether the repository has a blob.
    pub(super) fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let call = Call::new(Method::Head, self.address(&format!("blobs/{digest}")));
        let reply = self.ask(Access::Push, &call)?;
        match reply.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.refused(&reply, Access::Push, "say whether it has a blob")),
        }
    }

    /// Writes a manifest under a tag or its digest; the registry's answer.
    pub(super) fn put_manifest(&self, at: &str, kind: &str, bytes: &[u8]) -> Result<Reply, RegistryError> {
        let call = Call::new(Method::Put, self.address(&format!("manifests/{at}")));
        let call = call.header("Content-Type", kind);
        let open = || Ok(Box::new(bytes) as Box<dyn Read>);
        let reply = self.ask_with(Access::Push, &call, Some((&open, bytes.len() as u64)))?;
        match reply.status {
            200..=202 => Ok(reply),
            _ => Err(self.refused(&reply, Access::Push, &format!("take the manifest `{at}`"))),
        }
    }

    /// Every tag, following the registry's pages.
    pub(super) fn tags(&self) -> Result<Vec<String>, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        const PAGES: usize = 1000;
        let mut tags = Vec::new();
        let mut next = Some(self.address("tags/list"));
        for _ in 0..PAGES {
            let Some(url) = next.take() else { break };
            let reply = self.ask(Access::Pull, &Call::new(Method::Get, &url))?;
            if reply.status == 404 {
                let (name, said) = (format!("{}/{}", self.domain, self.name), said(&reply));
                return Err(RegistryError::NotFound { name, said });
            }
            if reply.status != 200 {
                return Err(self.refused(&reply, Access::Pull, "list tags"));
            }
            let page: Page = serde_json::from_slice(&reply.bytes).map_err(|error| RegistryError::Answer {
                what: "list tags".to_owned(),
                reason: error.to_string(),
            })?;
            tags.extend(page.tags.unwrap_or_default());
            next = next_page(&reply, &url);
        }
        Ok(tags)
    }
}

/// Where a list goes on: `Link: </v2/…?n=…&last=…>; rel="next"` (RFC 8288).
pub(super) fn next_page(reply: &Reply, url: &str) -> Option<String> {
    let link = reply.header("link")?.strip_prefix('<')?.split('>').next()?;
    url::Url::parse(url).ok()?.join(link).ok().map(String::from)
}

//! One request and the redirects it leads through.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RETRY_AFTER};
use ureq::{BodyReader, SendBody};
use url::Url;

use super::call::Method;
use super::error::from_ureq;
use super::{BasicCredentials, FetchError, Fetcher, redact_url};

/// Where to ask, with the credentials taken out of the address.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    credentials: Option<BasicCredentials>,
    /// Another origin sent us here: it gets nothing that is kept for others.
    is_redirected: bool,
}

/// What came back, redirects followed.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: BodyReader<'static>,
}

impl Target {
    /// Parses an `http`, `https` or `file` address.
    pub(super) fn parse(address: &str) -> Result<Self, FetchError> {
        let fail = |reason: String| FetchError::Address { url: redact_url(address), reason };
        let mut url = Url::parse(address).map_err(|error| fail(error.to_string()))?;
        url.set_fragment(None);
        if !matches!(url.scheme(), "http" | "https" | "file") {
            return Err(fail("its scheme is none of `https`, `http`, `file`".to_owned()));
        }
        let credentials = BasicCredentials::take_from(&mut url);
        Ok(Self { url, credentials, is_redirected: false })
    }

    /// The address, fit to be shown.
    pub(super) fn shown(&self) -> String {
        redact_url(self.url.as_str())
    }
}

impl Fetcher {
    /// Sends a `GET` with `headers` to `target` and follows redirects.
    ///
    /// Headers of the caller and credentials go to the target's origin only: to no other scheme, host or port.
    pub(super) fn exchange(
        &self,
        target: &Target,
        headers: &BTreeMap<String, String>,
        range: &[(&str, String)],
    ) -> Result<Answer, FetchError> {
        self.exchange_with(Method::Get, target, headers, range)
    }

    /// The same with any method that sends no content.
    pub(super) fn exchange_with(
        &self,
        method: Method,
        target: &Target,
        headers: &BTreeMap<String, String>,
        range: &[(&str, String)],
    ) -> Result<Answer, FetchError> {
        let mut at = target.clone();
        for _ in 0..=MOST_REDIRECTS {
            let own = if at.url.origin() == target.url.origin() { headers } else { &BTreeMap::new() };
            let mut answer = self.send(method, &at, own, range, SendBody::none())?;
            match answer.redirect()? {
                Some(next) => {
                    // A connection is kept only when its response was read to the end.
                    let _ = io::copy(&mut answer.body.by_ref().take(8192), &mut io::sink());
                    // What was kept for the first origin is for no other.
                    let same = next.origin() == target.url.origin();
                    let credentials = target.credentials.clone().filter(|_| same);
                    at = Target { url: next, credentials, is_redirected: !same };
                }
                None => return Ok(answer),
            }
        }
        let reason = format!("more than {MOST_REDIRECTS} times");
        Err(FetchError::Redirect { url: target.shown(), reason })
    }

    /// Sends one request to `target`; a redirect is an answer.
    pub(super) fn send(
        &self,
        method: Method,
        target: &Target,
        headers: &BTreeMap<String, String>,
        further: &[(&str, String)],
        content: SendBody<'_>,
    ) -> Result<Answer, FetchError> {
        let url = &target.url;
        let agent = self.agents.agent_for(url, &self.options)?;
        let mut request = ureq::http::Request::builder().method(method.name()).uri(url.as_str());
        for (name, value) in further {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let is_given = headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
        let kept = BasicCredentials::kept_for(url, &self.options.credentials);
        let credentials = target.credentials.as_ref().or(kept.filter(|_| !target.is_redirected));
        if let Some(credentials) = credentials.filter(|_| !is_given) {
            request = request.header("Authorization", credentials.header());
        }
        let fail = |error: ureq::Error| from_ureq(url.as_str(), error);
        let request = request.body(content).map_err(|error| fail(error.into()))?;
        let (parts, body) = agent.run(request).map_err(fail)?.into_parts();
        let status = parts.status.as_u16();
        Ok(Answer { url: url.clone(), status, headers: parts.headers, body: body.into_reader() })
    }
}

impl Answer {
    /// The error that this status is.
    pub(super) fn as_error(&self) -> FetchError {
        let seconds = self.header(RETRY_AFTER.as_str()).and_then(|value| value.trim().parse().ok());
        FetchError::status(self.url.as_str(), self.status, seconds.map(Duration::from_secs))
    }

    /// A header's value, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The length in bytes that the header promises.
    pub(super) fn length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH.as_str())?.trim().parse().ok()
    }

    /// The first position of the part that this is, RFC 9110 section 14.4.
    pub(super) fn range_start(&self) -> Option<u64> {
        let range = self.header(CONTENT_RANGE.as_str())?.strip_prefix("bytes ")?;
        range.split('-').next()?.trim().parse().ok()
    }

    /// Where this redirects.
    fn redirect(&self) -> Result<Option<Url>, FetchError> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = self.header(LOCATION.as_str()) else { return Ok(None) };
        redirect_target(&self.url, location).map(Some)
    }
}

fn redirect_target(from: &Url, location: &str) -> Result<Url, FetchError> {
    let fail = |reason: String| FetchError::Redirect { url: redact_url(from.as_str()), reason };
    let mut to = from.join(location).map_err(|error| fail(format!("`{}`: {error}", redact_url(location))))?;
    let shown = redact_url(to.as_str());
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err(fail(format!("`{shown}` is not encrypted"))),
        _ => return Err(fail(format!("`{shown}` is not on the web"))),
    }
    // Somebody else's choice of user and password is not ours to present.
    BasicCredentials::take_from(&mut to);
    to.set_fragment(None);
    Ok(to)
}

/// As many as browsers and curl's documentation consider sane.
const MOST_REDIRECTS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_the_web_and_never_lose_encryption() {
        let from = Url::parse("https://a.test/x/y").unwrap();
        let to = |location| redirect_target(&from, location).map(|url| url.to_string());
        assert_eq!(to("../z").unwrap(), "https://a.test/z");
        assert_eq!(to("//b.test/").unwrap(), "https://b.test/");
        assert_eq!(to("https://me:pw@b.test/#f").unwrap(), "https://b.test/");
        for location in ["http://a.test/", "file:///etc/passwd", "ftp://a.test/", "https://"] {
            assert!(matches!(to(location), Err(FetchError::Redirect { .. })), "{location}");
        }
        let plain = Url::parse("http://a.test/").unwrap();
        assert_eq!(redirect_target(&plain, "https://a.test/").unwrap().scheme(), "https");
    }

    #[test]
    fn refuses_addresses_of_other_kinds_without_showing_secrets() {
        for address in ["ftp://me:secret@a.test/", "me:secret@a.test", "", "https://me:secret@:0/"] {
            let error = Target::parse(address).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

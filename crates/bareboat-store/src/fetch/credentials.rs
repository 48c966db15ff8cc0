//! User names and passwords, and when to send them.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

/// A user name and a password for HTTP's `Basic` scheme (RFC 7617).
#[derive(Clone, PartialEq, Eq)]
pub struct BasicCredentials {
    user: String,
    password: String,
}

impl BasicCredentials {
    /// Both parts as the person knows them, not percent-encoded.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// The value of an `Authorization` header.
    pub fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }

    /// Takes the user information out of `url`.
    pub(super) fn take_from(url: &mut Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = Self::new(decode(url.username()), decode(url.password().unwrap_or_default()));
        // Fails only for addresses that cannot have user information, and this one had.
        let _ = (url.set_username(""), url.set_password(None));
        Some(credentials)
    }

    /// Those kept for the host of `url`, the more precise `HOST:PORT` first.
    pub(super) fn kept_for<'a>(url: &Url, kept: &'a BTreeMap<String, Self>) -> Option<&'a Self> {
        let host = url.host_str()?;
        let with_port = url.port_or_known_default().and_then(|port| kept.get(&format!("{host}:{port}")));
        with_port.or_else(|| kept.get(host))
    }
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BasicCredentials({}:***)", self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_user_information_out_of_an_address() {
        let mut url = Url::parse("https://me%40x:p%3Aw@host.test/a").unwrap();
        assert_eq!(BasicCredentials::take_from(&mut url), Some(BasicCredentials::new("me@x", "p:w")));
        assert_eq!(url.as_str(), "https://host.test/a");
        assert_eq!(BasicCredentials::take_from(&mut url), None);
    }

    #[test]
    fn the_port_is_more_precise_than_the_host() {
        let kept = BTreeMap::from([
            ("host.test".to_owned(), BasicCredentials::new("any", "")),
            ("host.test:443".to_owned(), BasicCredentials::new("secure", "")),
        ]);
        let user = |url| {
            BasicCredentials::kept_for(&Url::parse(url).unwrap(), &kept).map(|found| found.user.as_str())
        };
        assert_eq!(user("https://host.test/"), Some("secure"));
        assert_eq!(user("http://host.test/"), Some("any"));
        assert_eq!(user("http://other.test/"), None);
    }

    #[test]
    fn encodes_the_example_of_the_specification() {
        let header = BasicCredentials::new("Aladdin", "open sesame").header();
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}

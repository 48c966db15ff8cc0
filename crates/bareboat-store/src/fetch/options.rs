//! How to fetch: everything the environment and the configuration decide, as data.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Cancel;

use super::BasicCredentials;

/// How to fetch. The default suits a public mirror without proxy.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Touch no network: what is not in the store is an error. `file` addresses still work.
    pub offline: bool,
    /// How many downloads run at a time.
    pub connections: usize,
    /// The longest wait for a connection, name resolution and TLS included.
    pub connect_timeout: Duration,
    /// The longest wait for the next bytes.
    pub stall_timeout: Duration,
    /// How often a failed request is repeated at one address.
    pub retries: u32,
    /// The pause before the first repetition; it doubles with each.
    pub first_delay: Duration,
    /// The longest pause, also when the server asks for a longer one: then its address is given up.
    pub longest_delay: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Which proxies to use.
    pub proxies: Proxies,
    /// User names and passwords by `HOST` or `HOST:PORT`, as in a `.netrc`.
    pub credentials: BTreeMap<String, BasicCredentials>,
    /// Whose certificates to trust.
    pub roots: Roots,
    /// Further certificate authorities, as PEM text, by the `HOST` or `HOST:PORT` that they are trusted for.
    pub authorities: BTreeMap<String, Vec<u8>>,
    /// Stops everything, within a fraction of a second.
    pub cancel: Cancel,
}

/// Which proxies to use. Addresses as in the usual variables: `http://USER:PASSWORD@HOST:PORT`, also `https`, `socks5`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<String>,
    /// For `https` addresses.
    pub https: Option<String>,
    /// Hosts to reach directly: `*`, a host name (which includes what is below it), `.domain`, `HOST:PORT`.
    pub direct: Vec<String>,
}

/// Whose certificates to trust for `https`.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the system, as `SSL_CERT_FILE` and `SSL_CERT_DIR` or its certificate store have them.
    #[default]
    Platform,
    /// Those in this PEM text.
    Pem(Vec<u8>),
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            offline: false,
            connections: 8,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            retries: 4,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(30),
            user_agent: concat!("bareboat/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxies: Proxies::default(),
            credentials: BTreeMap::new(),
            roots: Roots::Platform,
            authorities: BTreeMap::new(),
            cancel: Cancel::new(),
        }
    }
}

impl Proxies {
    /// The proxy for an address of this scheme, host and port.
    pub(super) fn proxy_for(&self, scheme: &str, host: &str, port: Option<u16>) -> Option<&str> {
        let proxy = if scheme == "https" { &self.https } else { &self.http };
        let is_direct = self.direct.iter().any(|entry| matches_direct(entry.trim(), host, port));
        proxy.as_deref().filter(|proxy| !proxy.is_empty() && !is_direct)
    }
}

fn matches_direct(entry: &str, host: &str, port: Option<u16>) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, wanted_port) = match entry.rsplit_once(':') {
        // Not the colons of a bare IPv6 address.
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse().ok()),
        _ => (entry, None),
    };
    if wanted_port.is_some() && wanted_port != port {
        return false;
    }
    let name =
        name.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let is_below = || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
    !name.is_empty() && (host == name || is_below())
}

impl std::fmt::Debug for Proxies {
    /// Without the passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &self.http.as_deref().map(super::redact_url))
            .field("https", &self.https.as_deref().map(super::redact_url))
            .field("direct", &self.direct)
            .finish()
    }
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Platform => "Platform",
            Self::Pem(_) => "Pem(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_apply_by_scheme_and_spare_the_hosts_named() {
        let proxies = Proxies {
            http: Some("http://plain".into()),
            https: Some("http://secure".into()),
            direct: ["local.test", ".inner.test", "port.test:81", "::1", " 10.0.0.1"]
                .map(String::from)
                .to_vec(),
        };
        assert_eq!(proxies.proxy_for("http", "a.test", None), Some("http://plain"));
        assert_eq!(proxies.proxy_for("https", "a.test", None), Some("http://secure"));
        for (host, port) in [
            ("local.test", None),
            ("x.LOCAL.test", None),
            ("a.inner.test", None),
            ("port.test", Some(81)),
            ("[::1]", None),
            ("10.0.0.1", Some(80)),
        ] {
            assert_eq!(proxies.proxy_for("http", host, port), None, "{host}");
        }
        for (host, port) in [("notlocal.test", None), ("port.test", Some(80)), ("110.0.0.1", None)] {
            assert!(proxies.proxy_for("http", host, port).is_some(), "{host}");
        }
        let none = Proxies { direct: vec!["*".into()], ..proxies };
        assert_eq!(none.proxy_for("http", "a.test", None), None);
    }

    #[test]
    fn options_print_without_secrets() {
        let options = FetchOptions {
            proxies: Proxies { http: Some("http://me:secret@proxy.test".into()), ..Proxies::default() },
            credentials: BTreeMap::from([("host".into(), BasicCredentials::new("me", "secret"))]),
            ..FetchOptions::default()
        };
        let text = format!("{options:?}");
        assert!(!text.contains("secret"), "{text}");
    }
}

//! Connections: one pool for each way out, opened when first needed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector, RustlsConnector, TcpConnector};
use ureq::{Agent, Proxy};
use url::Url;

use super::forward::{ForwardConnector, NoResolver};
use super::{FetchError, FetchOptions, Roots, redact_url};

/// The connection pools in use.
#[derive(Default)]
pub(super) struct Agents {
    by_way: Mutex<BTreeMap<Way, Agent>>,
}

/// A way out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// Reading the platform's certificates takes milliseconds, which plain `http` need not pay.
    is_secure: bool,
    proxy: Option<String>,
    /// The host, when it has certificate authorities of its own.
    authority: Option<String>,
}

impl Agents {
    /// The pool for requests to `url`.
    pub(super) fn agent_for(&self, url: &Url, options: &FetchOptions) -> Result<Agent, FetchError> {
        let host = url.host_str().unwrap_or_default();
        let proxy = options.proxies.proxy_for(url.scheme(), host, url.port_or_known_default());
        let is_secure = url.scheme() == "https" || proxy.is_some_and(|proxy| proxy.starts_with("https:"));
        let named = |port: Option<u16>| port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let authority = [named(url.port_or_known_default()), named(None)]
            .into_iter()
            .find(|host| is_secure && options.authorities.contains_key(host));
        let way = Way { is_secure, proxy: proxy.map(str::to_owned), authority };
        let mut by_way = self.by_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = by_way.get(&way) {
            return Ok(agent.clone());
        }
        let agent = build(url, &way, options)?;
        by_way.insert(way, agent.clone());
        Ok(agent)
    }

    /// Closes all connections, also those others are waiting on.
    pub(super) fn shut_down(&self) {
        for agent in self.by_way.lock().unwrap_or_else(PoisonError::into_inner).values() {
            agent.clone().shutdown();
        }
    }
}

fn build(url: &Url, way: &Way, options: &FetchOptions) -> Result<Agent, FetchError> {
    // A header value may not hold control characters.
    let user_agent: String = options.user_agent.chars().filter(|c| matches!(c, ' '..='~')).collect();
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(user_agent)
        // What is stored is what was published, not one of its encodings.
        .accept_encoding("identity")
        .max_idle_connections(options.connections.max(1) * 2)
        .max_idle_connections_per_host(options.connections.max(1))
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.stall_timeout))
        .timeout_per_write(Some(options.stall_timeout))
        .proxy(None);
    if way.is_secure {
        let own = way.authority.as_ref().and_then(|host| options.authorities.get(host));
        let mut certificates = match own {
            Some(text) => root_certificates(&Roots::Pem(text.clone()))?,
            None => Vec::new(),
        };
        match root_certificates(&options.roots) {
            Ok(usual) => certificates.extend(usual),
            // Those of the host are enough for the host.
            Err(error) if certificates.is_empty() => return Err(error),
            Err(_) => {}
        }
        let roots = RootCerts::from(certificates);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let Some(address) = &way.proxy else { return Ok(config.build().new_agent()) };
    let invalid = |reason: &str| FetchError::Proxy { proxy: redact_url(address), reason: reason.to_owned() };
    if url.scheme() == "http" && !address.starts_with("socks") {
        let forward = ForwardConnector::new(address).map_err(invalid)?;
        let connector = forward.chain(TcpConnector::default()).chain(RustlsConnector::default());
        return Ok(Agent::with_parts(config.build(), connector, NoResolver));
    }
    let proxy = Proxy::new(address).map_err(|_| invalid("it is not an address of a proxy"))?;
    Ok(config.proxy(Some(proxy)).build().new_agent())
}

fn root_certificates(roots: &Roots) -> Result<Vec<Certificate<'static>>, FetchError> {
    let (certificates, failures): (Vec<Certificate<'static>>, Vec<String>) = match roots {
        Roots::Platform => {
            let found = rustls_native_certs::load_native_certs();
            let certificates = found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
            (certificates, found.errors.iter().map(ToString::to_string).collect())
        }
        Roots::Pem(text) => {
            let items: Vec<_> = ureq::tls::parse_pem(text).collect();
            let failures =
                items.iter().filter_map(|item| item.as_ref().err().map(ToString::to_string)).collect();
            let certificates = items.into_iter().filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            (certificates.collect(), failures)
        }
    };
    if certificates.is_empty() {
        let reason = failures.first().cloned().unwrap_or_else(|| "there are none".to_owned());
        return Err(FetchError::NoRootCertificates { reason });
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_so_when_there_is_nobody_to_trust() {
        let error = root_certificates(&Roots::Pem(b"nothing".to_vec())).unwrap_err();
        assert!(error.hint().unwrap().contains("SSL_CERT_FILE"));
    }

    #[test]
    fn a_broken_proxy_setting_is_named_without_its_password() {
        let mut options = FetchOptions { roots: Roots::Platform, ..FetchOptions::default() };
        options.proxies.http = Some("ftp://me:secret@proxy.test".into());
        let url = Url::parse("http://host.test/").unwrap();
        let error = Agents::default().agent_for(&url, &options).unwrap_err();
        assert!(
            matches!(&error, FetchError::Proxy { proxy, .. } if proxy == "ftp://***@proxy.test"),
            "{error}"
        );
    }
}

//! Plain `http` through a proxy: the request line names the whole address (RFC 9112 section 3.2.2).
//!
//! The HTTP library tunnels everything with `CONNECT`, which the proxies people have (squid as shipped, package caches)
//! allow for port 443 only. So for `http` the connection goes to the proxy and the request line is rewritten.

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, config::Config};
use url::Url;

use super::BasicCredentials;

/// Connects to the proxy instead of the host.
#[derive(Debug)]
pub(super) struct ForwardConnector {
    proxy: Uri,
    authorization: Option<String>,
    resolver: DefaultResolver,
}

impl ForwardConnector {
    /// For the proxy at `address`; an address without scheme is taken for `http`.
    pub(super) fn new(address: &str) -> Result<Self, &'static str> {
        let with_scheme =
            if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let mut url = Url::parse(&with_scheme).map_err(|_| "it is not an address")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it is neither an HTTP nor a SOCKS proxy");
        }
        let authorization = BasicCredentials::take_from(&mut url).map(|credentials| credentials.header());
        let proxy = url.as_str().parse().map_err(|_| "it is malformed")?;
        Ok(Self { proxy, authorization, resolver: DefaultResolver::default() })
    }
}

impl Connector for ForwardConnector {
    type Out = ForwardTransport;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, Error> {
        let is_proxy_itself = details.uri.authority() == self.proxy.authority();
        if is_proxy_itself {
            // The next connector opens the socket.
            return Ok(None);
        }
        let to_proxy = ConnectionDetails {
            uri: &self.proxy,
            addrs: self.resolver.resolve(&self.proxy, details.config, details.timeout)?,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let inner = (details.run_connector)(&to_proxy)?;
        let authority = details.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let origin = format!("http://{authority}");
        Ok(Some(ForwardTransport { inner, origin, authorization: self.authorization.clone(), at_head: true }))
    }
}

/// A connection to the proxy that rewrites the heads of requests.
#[derive(Debug)]
pub(super) struct ForwardTransport {
    inner: Box<dyn Transport>,
    origin: String,
    authorization: Option<String>,
    /// The next output starts a request.
    at_head: bool,
}

impl Transport for ForwardTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if !std::mem::take(&mut self.at_head) {
            return self.inner.transmit_output(amount, timeout);
        }
        let head = self.inner.buffers().output()[..amount].to_vec();
        let rewritten = in_absolute_form(&head, &self.origin, self.authorization.as_deref());
        let mut left = &rewritten[..];
        while !left.is_empty() {
            let output = self.inner.buffers().output();
            let piece = left.len().min(output.len());
            output[..piece].copy_from_slice(&left[..piece]);
            self.inner.transmit_output(piece, timeout)?;
            left = &left[piece..];
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.at_head = true;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    /// The connection to the proxy may be, but the one to the host is not.
    fn is_tls(&self) -> bool {
        false
    }
}

/// `GET /path HTTP/1.1` becomes `GET http://host/path HTTP/1.1`, followed by the proxy's credentials.
fn in_absolute_form(head: &[u8], origin: &str, authorization: Option<&str>) -> Vec<u8> {
    let Some(space) = head.iter().position(|&byte| byte == b' ') else { return head.to_vec() };
    let (method, rest) = head.split_at(space + 1);
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return head.to_vec() };
    let (line, fields) = rest.split_at(end + 2);
    let credentials =
        authorization.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    [method, origin.as_bytes(), line, credentials.as_bytes(), fields].concat()
}

/// Resolves nothing: names beyond the proxy are the proxy's business, and often unknown here.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_whole_address_and_adds_credentials() {
        let head = b"GET /a?b HTTP/1.1\r\nhost: h.test\r\n\r\n";
        let rewritten = in_absolute_form(head, "http://h.test:81", Some("Basic eA=="));
        let expected =
            "GET http://h.test:81/a?b HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\nhost: h.test\r\n\r\n";
        assert_eq!(String::from_utf8(rewritten).unwrap(), expected);
    }
}

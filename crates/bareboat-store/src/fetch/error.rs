//! What can go wrong on the way. Addresses are kept redacted: an error may be shown as it is.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::redact_url;
use crate::Digest;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It would need the network, which is off.
    #[error("{what} is not in the store, and the network is off")]
    Offline {
        /// The thing, as its label says.
        what: String,
        /// Where it would have come from.
        url: String,
    },
    /// Not an address we can use.
    #[error("cannot fetch `{url}`: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection came about.
    #[error("cannot reach `{url}`: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// A connection broke or fell silent.
    #[error("the connection for `{url}` failed: {reason}")]
    Interrupted {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server's certificate does not hold.
    #[error("no trusted connection to `{url}`: {reason}")]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered, but not with what was asked for.
    #[error("`{url}` answered {status}{}", reason_phrase(*status))]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The pause the server asks for.
        retry_after: Option<Duration>,
    },
    /// A redirect we do not follow.
    #[error("`{url}` redirects where it should not: {reason}")]
    Redirect {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// More bytes than allowed. Nothing was kept.
    #[error("`{url}` is larger than the {limit} bytes allowed; nothing was kept")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not the length it should have. Nothing was kept.
    #[error("`{url}` has {found} bytes, expected {expected}; nothing was kept")]
    WrongSize {
        /// The address.
        url: String,
        /// The length wanted.
        expected: u64,
        /// The length promised or found.
        found: u64,
    },
    /// Not the content it should be. Nothing was kept.
    #[error("`{url}` has other content: expected {expected}, got {found} ({size} bytes); nothing was kept")]
    WrongContent {
        /// The address.
        url: String,
        /// The digest wanted.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
        /// How many bytes came.
        size: u64,
    },
    /// A `file` address that cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The proxy setting makes no sense.
    #[error("cannot use the proxy `{proxy}`: {reason}")]
    Proxy {
        /// The proxy's address.
        proxy: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificates to trust.
    #[error("found no root certificates to trust: {reason}")]
    NoRootCertificates {
        /// Where we looked and what happened.
        reason: String,
    },
    /// Every address failed.
    #[error("cannot fetch {what}; {}", listed(attempts))]
    NoMirror {
        /// The thing, as its label says.
        what: String,
        /// What happened at each address, in order.
        attempts: Vec<FetchError>,
    },
}

impl FetchError {
    pub(super) fn status(url: &str, status: u16, retry_after: Option<Duration>) -> Self {
        Self::Status { url: redact_url(url), status, retry_after }
    }

    /// An imperative that helps, with a command that works, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Offline { .. } => "run the same command once without `--offline`".to_owned(),
            Self::Unreachable { .. } => {
                "check the network; behind a proxy, set `https_proxy` and `http_proxy`".to_owned()
            }
            Self::Status { status: 401 | 403 | 407, .. } => {
                "put a user name and password for the host into `~/.netrc`".to_owned()
            }
            Self::Status { retry_after: Some(after), .. } => {
                format!("run the same command again in {} seconds, as the server asks", after.as_secs())
            }
            Self::Untrusted { .. } | Self::NoRootCertificates { .. } => {
                "set `SSL_CERT_FILE` to a file with the root certificates to trust, or install `ca-certificates`"
                    .to_owned()
            }
            Self::Proxy { .. } => "set `https_proxy` to an address such as `http://proxy.example:3128`".to_owned(),
            Self::NoMirror { attempts, .. } => return attempts.iter().find_map(Self::hint),
            _ => return None,
        })
    }

    /// True when the same request may succeed in a moment.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

fn reason_phrase(status: u16) -> String {
    let known = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.map(|phrase| format!(" {phrase}")).unwrap_or_default()
}

fn listed(attempts: &[FetchError]) -> String {
    let lines: Vec<String> = attempts.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Sorts what the HTTP library reports for `url` into what can be repeated and what cannot.
pub(super) fn from_ureq(url: &str, error: ureq::Error) -> FetchError {
    use ureq::{Error, Timeout};
    let url = redact_url(url);
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            FetchError::Unreachable { url, reason: "no answer in time".into() }
        }
        Error::Timeout(_) => FetchError::Interrupted { url, reason: "no bytes for too long".into() },
        Error::HostNotFound => FetchError::Unreachable { url, reason: "no such host".into() },
        Error::ConnectionFailed => FetchError::Unreachable { url, reason: "no connection".into() },
        Error::ConnectProxyFailed(reason) => FetchError::Unreachable { url, reason },
        Error::Io(error) => from_io(url, &error),
        Error::Rustls(error) => FetchError::Untrusted { url, reason: error.to_string() },
        Error::Tls(reason) => FetchError::Untrusted { url, reason: reason.to_owned() },
        Error::Protocol(error) => FetchError::Interrupted { url, reason: error.to_string() },
        Error::BodyStalled => FetchError::Interrupted { url, reason: "the body ends nowhere".into() },
        Error::LargeResponseHeader(..) => {
            FetchError::Address { url, reason: "the response's header is too large".into() }
        }
        Error::Http(_) | Error::BadUri(_) => FetchError::Address { url, reason: "it is malformed".into() },
        other => FetchError::Address { url, reason: redact_url(&other.to_string()) },
    }
}

/// As [`from_ureq`], for errors in the middle of a body.
pub(super) fn from_io(url: String, error: &io::Error) -> FetchError {
    use io::ErrorKind;
    let reason = error.to_string();
    match error.kind() {
        // How a failed handshake arrives.
        ErrorKind::InvalidData => FetchError::Untrusted { url, reason },
        ErrorKind::UnexpectedEof => FetchError::Interrupted { url, reason: "it was closed too early".into() },
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => FetchError::Unreachable { url, reason },
        _ if reason.starts_with("failed to lookup address") => FetchError::Unreachable { url, reason },
        _ => FetchError::Interrupted { url, reason },
    }
}

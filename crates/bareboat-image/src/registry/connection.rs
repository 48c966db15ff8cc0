//! How one registry is reached, and what it wants to see.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bareboat_store::{Call, FetchError, Fetcher, Method, StoreError};

use super::challenge::{self, Challenge};
use super::token::{self, Realm};
use super::{Login, RegistryError};

/// A registry that answered.
pub(super) struct Connection {
    domain: String,
    /// `https://HOST[:PORT]`.
    pub(super) base: String,
    /// Somebody is logged in.
    pub(super) is_known: bool,
    access: Access,
    login: Option<Login>,
    /// Bearer tokens by scope.
    tokens: Mutex<BTreeMap<String, String>>,
}

/// Whether a registry is asked without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Only on this machine.
    Always,
    /// When it does not speak it.
    WherePossible,
    /// It is not even tried.
    Never,
}

/// What requests must carry.
enum Access {
    Open,
    Basic(String),
    Bearer(Realm),
}

/// Where Docker Hub's registry is; its name is another.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

impl Connection {
    /// Asks the registry's base (distribution-spec, `end-1`) what it wants.
    pub(super) fn open(
        fetcher: &Fetcher,
        domain: &str,
        login: Option<Login>,
        encryption: Encryption,
    ) -> Result<Self, RegistryError> {
        let host = if domain == HUB.0 { HUB.1 } else { domain };
        let secure = format!("https://{host}");
        let open = format!("http://{host}");
        let ask = |base: &str| {
            let call = Call::new(Method::Get, format!("{base}/v2/"));
            fetcher.persist(domain, || fetcher.call(&call, None)).map(|reply| (base.to_owned(), reply))
        };
        let (base, reply) = match encryption {
            Encryption::Never => ask(&open)?,
            // Nobody else listens between us and ourselves. One that speaks TLS answers 400 or hangs up.
            _ if is_loopback(host) => match ask(&open) {
                Ok((_, reply)) if reply.status == 400 => ask(&secure)?,
                Err(error) if is_broken(&error) => ask(&secure)?,
                result => result?,
            },
            Encryption::WherePossible => match ask(&secure) {
                Ok(answer) => answer,
                Err(_) => ask(&open)?,
            },
            Encryption::Always => ask(&secure)?,
        };
        let no_registry = |reason: String| RegistryError::NoRegistry { domain: domain.to_owned(), reason };
        let access = match reply.status {
            200 => Access::Open,
            401 => {
                let challenges: Vec<Challenge> =
                    reply.headers("www-authenticate").flat_map(challenge::parse).collect();
                access(&challenges, login.as_ref()).map_err(no_registry)?
            }
            status => return Err(no_registry(format!("`/v2/` answered {status}"))),
        };
        let is_known = login.is_some();
        let (domain, tokens) = (domain.to_owned(), Mutex::default());
        Ok(Self { domain, base, is_known, access, login, tokens })
    }

    /// The `Authorization` header for what `scope` says, e.g. `repository:library/python:pull`.
    pub(super) fn authorization(
        &self,
        fetcher: &Fetcher,
        scope: &[String],
    ) -> Result<Option<String>, RegistryError> {
        let realm = match &self.access {
            Access::Open => return Ok(None),
            Access::Basic(header) => return Ok(Some(header.clone())),
            Access::Bearer(realm) => realm,
        };
        let key = scope.join(" ");
        if let Some(token) = self.tokens().get(&key) {
            return Ok(Some(format!("Bearer {token}")));
        }
        let token = token::get(fetcher, &self.domain, realm, self.login.as_ref(), scope)?;
        self.tokens().insert(key, token.clone());
        Ok(Some(format!("Bearer {token}")))
    }

    /// Forgets the token of a header that was refused, unless there is a newer one; true when another can be had.
    pub(super) fn forget(&self, scope: &[String], used: Option<&str>) -> bool {
        let Some(used) = used.and_then(|used| used.strip_prefix("Bearer ")) else { return false };
        let (key, mut tokens) = (scope.join(" "), self.tokens());
        if tokens.get(&key).is_some_and(|token| token == used) {
            tokens.remove(&key);
        }
        true
    }

    /// Shows that the login is taken.
    pub(super) fn check_login(&self, fetcher: &Fetcher) -> Result<(), RegistryError> {
        let mut call = Call::new(Method::Get, format!("{}/v2/", self.base));
        if let Some(value) = self.authorization(fetcher, &[])? {
            call = call.header("Authorization", value);
        }
        let reply = fetcher.persist(&self.domain, || fetcher.call(&call, None))?;
        match reply.status {
            200 => Ok(()),
            401 | 403 => Err(RegistryError::Denied {
                domain: self.domain.clone(),
                who: "this user name and password",
                action: "use",
                name: self.domain.clone(),
                said: super::error::said(&reply),
            }),
            _ => Err(StoreError::from(reply.as_error()).into()),
        }
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The best of the ways offered that we can go.
fn access(challenges: &[Challenge], login: Option<&Login>) -> Result<Access, String> {
    let of = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
    if let Some(bearer) = of("bearer") {
        let realm = bearer.parameters.get("realm").ok_or("it wants a token and does not say from where")?;
        let service = bearer.parameters.get("service").cloned();
        return Ok(Access::Bearer(Realm { address: realm.clone(), service }));
    }
    if of("basic").is_none() {
        let offered: Vec<&str> = challenges.iter().map(|challenge| challenge.scheme.as_str()).collect();
        return Err(format!("it wants to authenticate in a way we do not know: `{}`", offered.join("`, `")));
    }
    Ok(match login {
        Some(Login::Password(credentials)) => Access::Basic(credentials.header()),
        _ => Access::Open,
    })
}

/// Names and addresses of this machine (RFC 6761 section 6.3).
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whoever listens does not speak HTTP.
fn is_broken(error: &StoreError) -> bool {
    matches!(error, StoreError::Fetch(FetchError::Interrupted { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5000", "a.localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1:5000", "128.0.0.1", "[::2]", "registry.test"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_token_is_preferred_and_an_unknown_way_is_named() {
        let offered = challenge::parse("Basic realm=x, Bearer realm=\"https://a.test\",service=s");
        assert!(
            matches!(access(&offered, None), Ok(Access::Bearer(realm)) if realm.address == "https://a.test")
        );
        let offered = challenge::parse("Negotiate");
        assert!(access(&offered, None).is_err_and(|reason| reason.contains("`negotiate`")));
    }
}

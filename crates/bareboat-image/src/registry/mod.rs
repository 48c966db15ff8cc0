//! Registries: images by the distribution specification (OCI distribution-spec 1.1), from and to the store.
//!
//! Blobs travel only when the other side has not got them. What comes in is checked by digest before it has a name
//! here; what goes out gets its name last. Nothing here reads files of the user's or asks programs: credentials come
//! through [`Keys`].

mod challenge;
mod connection;
mod error;
mod exchange;
pub mod keyring;
mod pull;
mod push;
mod token;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bareboat_store::{BasicCredentials, Fetcher, Store};

use self::connection::Connection;
pub use self::error::RegistryError;
pub use self::pull::{PullOptions, Pulled};
pub use self::push::Pushed;
use crate::Reference;

/// What a user may prove to be at a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A user name and a password, or a token in its place.
    Password(BasicCredentials),
    /// A refresh token (the `identitytoken` of Docker's configuration).
    Identity(IdentityToken),
}

/// A refresh token. Printed without its text.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityToken(pub String);

impl std::fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityToken(***)")
    }
}

/// Looks up who the user is at a registry, by its domain as references have it; the reason when that cannot be told.
pub type Keys<'a> = dyn Fn(&str) -> Result<Option<Login>, String> + Sync + 'a;

/// What happens to a blob on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushEvent {
    /// So many bytes may have to be sent.
    Expected(u64),
    /// So many more bytes were sent, or need not be.
    Settled(u64),
}

/// How to talk to registries.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains that may be asked without encryption. Loopback addresses may always.
    pub plain_http: BTreeSet<String>,
    /// Blobs sent at a time; 0 for four.
    pub uploads: usize,
}

/// A client for all registries.
pub struct Registries<'a> {
    fetcher: &'a Fetcher,
    store: &'a Store,
    keys: &'a Keys<'a>,
    settings: Settings,
    connections: Mutex<BTreeMap<String, Arc<Connection>>>,
}

impl<'a> Registries<'a> {
    /// A client that has asked nobody yet.
    pub fn new(fetcher: &'a Fetcher, store: &'a Store, keys: &'a Keys<'a>, settings: Settings) -> Self {
        Self { fetcher, store, keys, settings, connections: Mutex::default() }
    }

    /// Shows that the registry takes a login.
    ///
    /// # Errors
    /// [`RegistryError::Denied`] when it does not.
    pub fn check_login(&self, domain: &str) -> Result<(), RegistryError> {
        self.connection(domain)?.check_login(self.fetcher)
    }

    /// The tags of a repository, as the registry lists them.
    ///
    /// # Errors
    /// The network's, a registry's that refuses or does not know the repository.
    pub fn tags(&self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        self.repository(reference)?.tags()
    }

    /// How a domain is talked to, found out once.
    fn connection(&self, domain: &str) -> Result<Arc<Connection>, RegistryError> {
        let kept = |connections: &BTreeMap<String, Arc<Connection>>| connections.get(domain).cloned();
        let lock = || self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = kept(&lock()) {
            return Ok(connection);
        }
        let login = (self.keys)(domain)
            .map_err(|reason| RegistryError::Credentials { domain: domain.to_owned(), reason })?;
        let plain = self.settings.plain_http.contains(domain);
        let connection = Arc::new(Connection::open(self.fetcher, domain, login, plain)?);
        lock().insert(domain.to_owned(), connection.clone());
        Ok(connection)
    }

    fn repository(&self, reference: &Reference) -> Result<exchange::Repository<'_>, RegistryError> {
        Ok(exchange::Repository {
            fetcher: self.fetcher,
            connection: self.connection(reference.domain())?,
            domain: reference.domain().to_owned(),
            name: reference.path().to_owned(),
        })
    }
}

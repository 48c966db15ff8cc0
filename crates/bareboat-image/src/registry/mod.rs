//! Registries: images by the distribution specification (OCI distribution-spec 1.1), from and to the store.
//!
//! Blobs travel only when the other side has not got them. What comes in is checked by digest before it has a name
//! here; what goes out gets its name last. Nothing here reads files of the user's or asks programs: credentials come
//! through [`Keys`].

mod attach;
mod challenge;
mod connection;
mod copy;
mod delete;
mod error;
mod exchange;
pub mod keyring;
mod merge;
mod pull;
mod push;
mod referrers;
mod rules;
mod token;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bareboat_store::{BasicCredentials, Fetcher, Store};

pub use self::attach::Artifact;
use self::connection::{Connection, Encryption};
pub use self::copy::{Copied, CopyOptions};
pub use self::error::RegistryError;
use self::exchange::Repository;
pub use self::merge::Merged;
pub use self::pull::{PullOptions, Pulled};
pub use self::push::Pushed;
use self::rules::Place;
pub use self::rules::{Rules, RulesError};
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
    /// Mirrors and rewritten names.
    pub rules: Rules,
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
        let (domain, path) = (domain.to_owned(), String::new());
        self.connection(&Place { domain, path, may_be_plain: false })?.check_login(self.fetcher)
    }

    /// The tags of a repository, as the registry lists them.
    ///
    /// # Errors
    /// The network's, a registry's that refuses or does not know the repository.
    pub fn tags(&self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        self.repository(reference)?.tags()
    }

    /// How a domain is talked to, found out once.
    fn connection(&self, place: &Place) -> Result<Arc<Connection>, RegistryError> {
        let domain = &place.domain;
        let kept = |connections: &BTreeMap<String, Arc<Connection>>| connections.get(domain).cloned();
        let lock = || self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = kept(&lock()) {
            return Ok(connection);
        }
        let login = (self.keys)(domain)
            .map_err(|reason| RegistryError::Credentials { domain: domain.clone(), reason })?;
        let encryption = match (self.settings.plain_http.contains(domain), place.may_be_plain) {
            (true, _) => Encryption::Never,
            (false, true) => Encryption::WherePossible,
            (false, false) => Encryption::Always,
        };
        let connection = Arc::new(Connection::open(self.fetcher, domain, login, encryption)?);
        lock().insert(domain.clone(), connection.clone());
        Ok(connection)
    }

    /// Where `reference` is kept: what is written goes there.
    fn repository(&self, reference: &Reference) -> Result<Repository<'_>, RegistryError> {
        self.at(self.settings.rules.writes(reference)?)
    }

    /// Does `work` with the first place that `reference` can be read from: its mirrors, then where it is kept. Whatever
    /// is wrong with a mirror, only the last place's error counts.
    fn anywhere<'r, T>(
        &'r self,
        reference: &Reference,
        work: impl Fn(&Repository<'r>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut places = self.settings.rules.reads(reference)?;
        let last = places.pop();
        for mirror in places {
            if let Ok(done) = self.at(mirror).and_then(|repository| work(&repository)) {
                return Ok(done);
            }
        }
        // There is always the registry itself.
        let last = last.map_or_else(|| self.settings.rules.writes(reference), Ok)?;
        work(&self.at(last)?)
    }

    fn at(&self, place: Place) -> Result<Repository<'_>, RegistryError> {
        let connection = self.connection(&place)?;
        Ok(Repository { fetcher: self.fetcher, connection, domain: place.domain, name: place.path })
    }
}

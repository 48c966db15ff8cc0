//! Where the files of an index are: from addresses to paths that a lock can keep, and back.
//!
//! An index may serve its files itself or name another host in its pages. The path below that host is kept; the host
//! is learned from the index whenever it is needed, with one page for all files, and remembered beside the cache.
//! Whatever the address, a file is accepted by digest alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bareboat_store::{Digest, Fetched, Fetcher, Request, Store, StoreError};
use url::{Position, Url};

use super::discover::Index;
use super::simple::{IndexFile, SimpleIndex};
use crate::pypi::error::PypiError;
use crate::pypi::locked::{DistributionSource, LockedDistribution, without_credentials};
use crate::pypi::name::DistributionName;

/// The hosts that serve the files of one index.
pub struct FileHosts<'a> {
    index: &'a Index,
    fetcher: &'a Fetcher,
    memory: Option<PathBuf>,
    /// Addresses, each ending in `/`, below which the index has its files.
    bases: Mutex<BTreeSet<String>>,
    /// Addresses below which files are that the index does not list.
    foreign: Mutex<BTreeSet<String>>,
    /// Addresses of another index whose files this one has, too.
    mirrored: Mutex<BTreeSet<String>>,
}

impl<'a> FileHosts<'a> {
    /// The hosts of `index`; `memory` is a file in the cache that remembers them between runs.
    pub fn new(index: &'a Index, fetcher: &'a Fetcher, memory: Option<PathBuf>) -> Self {
        let remembered = memory.as_ref().and_then(|path| std::fs::read(path).ok());
        let remembered: BTreeMap<String, BTreeSet<String>> =
            remembered.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let bases = remembered.get(&index.shown()).cloned().unwrap_or_default();
        Self {
            index,
            fetcher,
            memory,
            bases: Mutex::new(bases),
            foreign: Mutex::default(),
            mirrored: Mutex::default(),
        }
    }

    /// Where on the index the file of `name` at `url` is: a path, or its whole address when the index does not list it.
    ///
    /// # Errors
    /// An address that is none, and an index that does not answer.
    pub fn place(&self, name: &DistributionName, url: &str) -> Result<DistributionSource, PypiError> {
        let parsed = self.parse(url)?;
        let base = match self.own_base().filter(|own| parsed.as_str().starts_with(own.as_str())) {
            Some(own) => own,
            None => origin(&parsed),
        };
        if !self.is_known(&base) && !lock(&self.foreign).contains(&base) {
            match self.is_only_source() || self.find(name, |file| same_address(&file.url, url))?.is_some() {
                true => self.remember(base.clone()),
                false => _ = lock(&self.foreign).insert(base.clone()),
            }
        }
        Ok(if self.is_known(&base) { on_index(url, &base) } else { elsewhere(url) })
    }

    /// As [`FileHosts::place`], for a file that the project's own lock lists with its address.
    ///
    /// The lock may have been made with another index. If this one has the same bytes, the file is its own, whatever
    /// the address; nothing about this index's hosts is learned from it.
    ///
    /// # Errors
    /// As [`FileHosts::place`].
    pub fn place_locked(
        &self,
        name: &DistributionName,
        url: &str,
        sha256: Option<Digest>,
    ) -> Result<DistributionSource, PypiError> {
        let parsed = self.parse(url)?;
        let own = self.own_base().filter(|own| parsed.as_str().starts_with(own.as_str()));
        let base = own.unwrap_or_else(|| origin(&parsed));
        if self.is_known(&base) || self.is_only_source() || lock(&self.mirrored).contains(&base) {
            return Ok(on_index(url, &base));
        }
        if lock(&self.foreign).contains(&base) {
            return Ok(elsewhere(url));
        }
        let same =
            |file: &IndexFile| same_address(&file.url, url) || (sha256.is_some() && file.sha256 == sha256);
        let listed = self.find(name, same)?.is_some();
        let known = if listed { &self.mirrored } else { &self.foreign };
        lock(known).insert(base.clone());
        Ok(if listed { on_index(url, &base) } else { elsewhere(url) })
    }

    /// Fetches the files of `distributions` that are neither in `store` nor in the project; results in their order.
    ///
    /// `None` stands for what has no file to fetch.
    pub fn fetch(
        &self,
        store: &Store,
        distributions: &[LockedDistribution],
    ) -> Vec<Result<Option<Fetched>, PypiError>> {
        let missing = |one: &&LockedDistribution| one.sha256.is_none_or(|sha256| !store.contains(&sha256));
        if let Some(first) = distributions.iter().filter(|one| is_on_index(one)).find(missing)
            && lock(&self.bases).is_empty()
        {
            // Not knowing the host is no fault yet: the index's own address is tried, then every project's page.
            let _ = self.learn_from(first);
        }
        let requests: Vec<Option<Request>> = distributions.iter().map(|one| self.request(one)).collect();
        let wanted: Vec<Request> = requests.iter().flatten().cloned().collect();
        let mut results = self.fetcher.fetch_all(store, &wanted).into_iter();
        let first_round: Vec<_> =
            requests.iter().map(|request| request.as_ref().and_then(|_| results.next())).collect();
        let again = |(one, result): (&LockedDistribution, Option<Result<Fetched, StoreError>>)| match result {
            None => Ok(None),
            Some(Ok(fetched)) => Ok(Some(fetched)),
            Some(Err(error)) => self.ask_and_fetch(store, one, error).map(Some),
        };
        distributions.iter().zip(first_round).map(again).collect()
    }

    /// The addresses at which the file of `distribution` may be, best first, without asking anybody.
    pub fn addresses(&self, distribution: &LockedDistribution) -> Vec<String> {
        match &distribution.source {
            DistributionSource::Index(path) => {
                let bases: Vec<String> = lock(&self.bases).iter().cloned().chain(self.own_base()).collect();
                let joined = bases.iter().filter_map(|base| Url::parse(base).ok()?.join(path).ok());
                let mut known = BTreeSet::new();
                joined.map(String::from).filter(|url| known.insert(url.clone())).collect()
            }
            DistributionSource::Url(url) => vec![url.clone()],
            _ => Vec::new(),
        }
    }

    fn request(&self, distribution: &LockedDistribution) -> Option<Request> {
        let urls = self.addresses(distribution);
        let label = distribution.filename.clone().unwrap_or_else(|| distribution.name.to_string());
        (!urls.is_empty()).then(|| Request {
            urls,
            digest: distribution.sha256,
            size: distribution.size,
            limit: distribution.size.unwrap_or(MAX_FILE),
            label,
            ..Request::default()
        })
    }

    /// The paths of another index are not this one's: its page of the project says where the file is here.
    fn ask_and_fetch(
        &self,
        store: &Store,
        one: &LockedDistribution,
        error: StoreError,
    ) -> Result<Fetched, PypiError> {
        let pointless = matches!(error, StoreError::Cancelled) || !is_on_index(one);
        let listed = if pointless { None } else { self.find_locked(one).ok().flatten() };
        let (Some(file), Some(request)) = (listed, self.request(one)) else { return Err(error.into()) };
        if request.urls.contains(&file.url) {
            return Err(error.into());
        }
        Ok(self.fetcher.fetch(store, &Request { urls: vec![file.url], ..request })?)
    }

    fn learn_from(&self, distribution: &LockedDistribution) -> Result<(), PypiError> {
        if let (DistributionSource::Index(path), Some(file)) =
            (&distribution.source, self.find_locked(distribution)?)
            && let Some(base) = file.url.strip_suffix(path.as_str()).filter(|base| base.ends_with('/'))
        {
            self.remember(base.to_owned());
        }
        Ok(())
    }

    fn find_locked(&self, distribution: &LockedDistribution) -> Result<Option<IndexFile>, PypiError> {
        self.find(&distribution.name, |file| match (file.sha256, distribution.sha256) {
            (Some(listed), Some(wanted)) => listed == wanted,
            _ => distribution.filename.as_ref() == Some(&file.name),
        })
    }

    fn find(
        &self,
        name: &DistributionName,
        wanted: impl Fn(&IndexFile) -> bool,
    ) -> Result<Option<IndexFile>, PypiError> {
        let page = SimpleIndex::new(self.fetcher, self.index.url.as_str()).project(name)?;
        Ok(page.and_then(|page| page.files.into_iter().find(wanted)))
    }

    /// True when every file must be from this index.
    fn is_only_source(&self) -> bool {
        self.index.extra.is_empty() && !self.index.has_explicit
    }

    fn is_known(&self, base: &str) -> bool {
        lock(&self.bases).contains(base) || self.own_base().as_deref() == Some(base)
    }

    /// The directory that holds the index's `simple/`.
    fn own_base(&self) -> Option<String> {
        let url = Url::parse(&self.index.url).ok()?;
        url.join(".").ok().map(String::from)
    }

    fn parse(&self, url: &str) -> Result<Url, PypiError> {
        let wrong = |what: String| PypiError::Index { index: format!("`{}`", self.index.shown()), what };
        let shown = crate::pypi::redact_text(url);
        Url::parse(url).map_err(|error| wrong(format!("lists `{shown}`, which is no address: {error}")))
    }

    /// Keeps `base` for later runs; a memory that cannot be written costs one page then.
    fn remember(&self, base: String) {
        let mut bases = lock(&self.bases);
        if !bases.insert(base) {
            return;
        }
        let Some(path) = self.memory.as_ref().filter(|_| bases.iter().all(|base| !base.contains('@'))) else {
            return;
        };
        let known = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut known: BTreeMap<String, BTreeSet<String>> = known.unwrap_or_default();
        known.insert(self.index.shown(), bases.clone());
        if let (Ok(text), Some(directory)) = (serde_json::to_vec(&known), path.parent())
            && let Ok(file) = tempfile::NamedTempFile::new_in(directory)
            && std::fs::write(file.path(), text).is_ok()
        {
            let _ = file.persist(path);
        }
    }
}

/// The path below `base`.
fn on_index(url: &str, base: &str) -> DistributionSource {
    let (clean, base) = (without_credentials(url), without_credentials(base));
    DistributionSource::Index(clean.strip_prefix(&base).unwrap_or(&clean).to_owned())
}

fn elsewhere(url: &str) -> DistributionSource {
    DistributionSource::Url(without_credentials(url))
}

fn is_on_index(distribution: &LockedDistribution) -> bool {
    matches!(distribution.source, DistributionSource::Index(_))
}

/// Scheme, credentials, host and port with the slash behind them.
fn origin(url: &Url) -> String {
    format!("{}/", &url[..Position::BeforePath])
}

fn same_address(one: &str, other: &str) -> bool {
    without_credentials(one) == without_credentials(other)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For files whose size nobody told: the largest wheels are near 4 GB.
const MAX_FILE: u64 = 8 << 30;

#[cfg(test)]
mod tests;

//! Opens a release: signed release files, the indexes they name, the packages in those.
//!
//! The chain: a key of ours signed `InRelease`; that names the digest of every index; an index names the digest
//! of every package. Nothing is read that the link before did not name. Release files are fetched anew each
//! time, indexes once: the compact form of an index is kept in the store under the index's digest.

use std::thread;

use bareboat_store::{Digest, Fetcher, Store, StoreError, redact_url};

use super::architecture::Architecture;
use super::archive_date::ArchiveDate;
use super::debian_release::{DebianRelease, Suite};
use super::error::{ArchiveError, IndexFault, SuiteAttempt, SuiteFault};
use super::index_file::{OpenSuite, StoredIndex};
use super::keyring::Keyring;
use super::mirrors::Mirrors;
use super::packages_file::{SuitePackages, compact};
use super::packages_index::{PackageIndex, SuiteDate, SuiteDates};
use super::release_file::ReleaseFile;
use super::signature::verify_cleartext;

/// What to open.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// The release.
    pub release: DebianRelease,
    /// The architecture of the image.
    pub architecture: Architecture,
    /// Where to fetch from.
    pub mirrors: Mirrors,
    /// The suites to merge.
    pub suites: Vec<Suite>,
    /// Who may sign them.
    pub keyring: Keyring,
    /// What time it is.
    pub now: ArchiveDate,
}

impl ArchiveOptions {
    /// All suites of `release`, signed by Debian.
    pub fn new(
        release: DebianRelease,
        architecture: Architecture,
        mirrors: Mirrors,
        now: impl Into<ArchiveDate>,
    ) -> Self {
        let (suites, keyring) = (release.suites(), Keyring::debian());
        Self { release, architecture, mirrors, suites, keyring, now: now.into() }
    }
}

/// A release whose indexes have been checked and read.
#[derive(Debug, Clone)]
pub struct Archive {
    pub(super) architecture: Architecture,
    pub(super) mirrors: Mirrors,
    pub(super) suites: Vec<OpenSuite>,
    packages: PackageIndex,
}

impl Archive {
    /// Fetches, checks and reads the release's indexes.
    ///
    /// # Errors
    /// [`ArchiveError::Suite`] when no mirror has a believable release file of one of the suites; the others
    /// when an index cannot be fetched or read.
    pub fn open(options: &ArchiveOptions, store: &Store, fetcher: &Fetcher) -> Result<Self, ArchiveError> {
        let opened = thread::scope(|scope| {
            let open = |suite| scope.spawn(move || open_suite(options, suite, store, fetcher));
            let suites: Vec<_> = options.suites.iter().map(open).collect();
            let results = suites
                .into_iter()
                .map(|suite| suite.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            results.collect::<Result<Vec<_>, _>>()
        })?;
        let (suites, packages): (Vec<OpenSuite>, Vec<SuitePackages>) = opened.into_iter().unzip();
        let date =
            |open: &OpenSuite| SuiteDate { date: open.release.date, valid_until: open.release.valid_until };
        let dates: SuiteDates = suites.iter().map(|open| (open.suite.name.clone(), date(open))).collect();
        let packages = PackageIndex {
            release: options.release,
            architecture: options.architecture,
            suites: packages,
            dates,
        };
        Ok(Self { architecture: options.architecture, mirrors: options.mirrors.clone(), suites, packages })
    }

    /// The packages of all suites as one.
    pub fn packages(&self) -> &PackageIndex {
        &self.packages
    }

    /// Where its files are fetched from.
    pub fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }
}

fn open_suite(
    options: &ArchiveOptions,
    suite: &Suite,
    store: &Store,
    fetcher: &Fetcher,
) -> Result<(OpenSuite, SuitePackages), ArchiveError> {
    let open = believe(options, suite, fetcher)?;
    let mut tables = Vec::new();
    for path in packages_paths(&open.release, options.architecture) {
        let index =
            open.index(&path).ok_or_else(|| ArchiveError::NoIndex { suite: suite.name.clone(), path })?;
        tables.push((index.file.digest, index));
    }
    let packages = read_packages(options, &open, &tables, store, fetcher)?;
    Ok((open, packages))
}

/// The indexes that list the packages for `architecture`.
fn packages_paths(release: &ReleaseFile, architecture: Architecture) -> Vec<String> {
    let mut paths = vec![format!("main/binary-{architecture}/Packages")];
    if release.separate_all {
        paths.push("main/binary-all/Packages".to_owned());
    }
    paths
}

/// The suite's release file from the first mirror whose one can be believed. A host's apt may name places that
/// use Debian's suite names without being Debian, so one bad mirror is no reason to give up.
fn believe(options: &ArchiveOptions, suite: &Suite, fetcher: &Fetcher) -> Result<OpenSuite, ArchiveError> {
    let mut attempts = Vec::new();
    for url in options.mirrors.suite_urls(suite, "InRelease") {
        match believe_at(options, suite, fetcher, &url) {
            Ok(release) => return Ok(OpenSuite { suite: suite.clone(), release }),
            Err(SuiteFault::Fetch(StoreError::Cancelled)) => return Err(StoreError::Cancelled.into()),
            Err(fault) => attempts.push(SuiteAttempt { url: redact_url(&url), fault }),
        }
    }
    Err(ArchiveError::Suite { suite: suite.name.clone(), attempts })
}

fn believe_at(
    options: &ArchiveOptions,
    suite: &Suite,
    fetcher: &Fetcher,
    url: &str,
) -> Result<ReleaseFile, SuiteFault> {
    let document = fetcher.get(url, RELEASE_LIMIT).map_err(SuiteFault::Fetch)?;
    let signed = verify_cleartext(&document.bytes, &options.keyring, suite.role, options.now)
        .map_err(SuiteFault::Signature)?;
    let wanted = |path: &str| {
        path.starts_with("main/")
            && (path.contains("/Packages") || path.contains("/Contents-"))
            && !path.contains(".diff/")
    };
    let release = ReleaseFile::parse(&signed.text, wanted).map_err(SuiteFault::Release)?;
    release.check(suite, options.now).map_err(SuiteFault::Release)?;
    Ok(release)
}

/// The packages of `indexes`, from the compact form of an earlier time if there is one.
fn read_packages(
    options: &ArchiveOptions,
    open: &OpenSuite,
    indexes: &[(Digest, StoredIndex)],
    store: &Store,
    fetcher: &Fetcher,
) -> Result<SuitePackages, ArchiveError> {
    let architecture = options.architecture;
    let digests: Vec<String> = indexes.iter().map(|(digest, _)| digest.hex()).collect();
    let key = Digest::of(format!("{CACHE_KEY} {architecture} {}", digests.join(" ")));
    if let Some(text) = cached_text(store, &key)
        && let Some(packages) = SuitePackages::open(open.suite.clone(), text)
    {
        return Ok(packages);
    }
    let mut text = String::new();
    for (_, index) in indexes {
        let bytes = open.read(index, &options.mirrors, store, fetcher)?;
        let unpacked = index.unpack(&bytes).map_err(|fault| open.fault(index, fault))?;
        // Usually there is one index: then nothing is copied.
        text = if text.is_empty() { unpacked } else { text + "\n" + &unpacked };
    }
    let table = compact(&text, architecture)
        .map_err(|fault| open.fault(&indexes[0].1, IndexFault::Package(fault)))?;
    drop(text);
    keep_text(store, &key, &table)?;
    SuitePackages::open(open.suite.clone(), table)
        .ok_or_else(|| open.fault(&indexes[0].1, IndexFault::NotText))
}

/// Text kept under `key`, if it is there and whole.
pub(super) fn cached_text(store: &Store, key: &Digest) -> Option<String> {
    let digest: Digest = String::from_utf8(store.action(key)?).ok()?.parse().ok()?;
    String::from_utf8(store.read(&digest, CACHE_LIMIT).ok()?).ok()
}

/// Keeps text under `key`.
pub(super) fn keep_text(store: &Store, key: &Digest, text: &str) -> Result<(), StoreError> {
    let digest = store.insert(text.as_bytes())?;
    store.put_action(key, digest.to_string().as_bytes())
}

/// Changes with the form of the tables.
const CACHE_KEY: &str = "debian packages 1";
const CACHE_LIMIT: u64 = 1 << 30;
/// Debian 13's has 140 kB.
const RELEASE_LIMIT: u64 = 8 << 20;

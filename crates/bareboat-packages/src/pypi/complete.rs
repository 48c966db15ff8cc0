//! Addresses and sizes for pins whose lock names files by digest only.
//!
//! `poetry.lock`, `pdm.lock`, `Pipfile.lock` and requirements with digests leave it to the index where the files are.
//! One page of the simple API per distribution tells; no resolver runs, and only files whose digest the lock has are
//! taken.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::{Digest, Fetcher};
use rayon::prelude::*;

use super::error::PypiError;
use super::file_name::{SdistName, WheelName};
use super::index::{Index, IndexFile, SimpleIndex};
use super::name::DistributionName;
use super::pin::{LockedFile, Origin, Pin};

/// Digests that are allowed for each distribution, and who says so.
#[derive(Debug, Clone, Default)]
pub(super) struct AllowedDigests {
    /// By distribution; one that is missing may be any file.
    pub(super) by_name: BTreeMap<DistributionName, BTreeSet<Digest>>,
    /// The file that lists them; set when every distribution must have some.
    pub(super) required_by: Option<String>,
}

impl AllowedDigests {
    /// The digests for `name`; empty when any file will do.
    ///
    /// # Errors
    /// [`PypiError::DigestMissing`] when there must be some and there are none.
    pub(super) fn of(&self, name: &DistributionName) -> Result<BTreeSet<Digest>, PypiError> {
        match (self.by_name.get(name), &self.required_by) {
            (Some(digests), _) if !digests.is_empty() => Ok(digests.clone()),
            (_, Some(file)) => {
                Err(PypiError::DigestMissing { name: name.clone(), where_allowed: format!("`{file}`") })
            }
            _ => Ok(BTreeSet::new()),
        }
    }
}

/// Fills in the files of every pin from the index that has some without address, or none at all.
///
/// Where digests tell the files apart the default index is asked first, since any index may answer; otherwise the
/// further indexes are, as uv does, so that nobody can slip in a distribution under the name of a private one.
///
/// # Errors
/// Versions that none of the indexes has, or the failure of one that might have had it.
pub(super) fn complete_pins(
    pins: Vec<Pin>,
    index: &Index,
    fetcher: &Fetcher,
    allowed: &AllowedDigests,
) -> Result<Vec<Pin>, PypiError> {
    let urls: Vec<&str> = [&index.url].into_iter().chain(&index.extra).map(String::as_str).collect();
    // Waiting for the network, not computing: more threads than processors are right here.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(CONNECTIONS).build();
    let complete = |pin: Pin| complete_pin(pin, &urls, fetcher, allowed);
    match pool {
        Ok(pool) => pool.install(|| pins.into_par_iter().map(complete).collect()),
        Err(_) => pins.into_iter().map(complete).collect(),
    }
}

fn complete_pin(
    mut pin: Pin,
    urls: &[&str],
    fetcher: &Fetcher,
    allowed: &AllowedDigests,
) -> Result<Pin, PypiError> {
    let has_places =
        !pin.files.is_empty() && pin.files.iter().all(|file| file.url.is_some() || file.path.is_some());
    if pin.origin != Origin::Index || has_places {
        return Ok(pin);
    }
    let mut digests: BTreeSet<Digest> = pin.files.iter().filter_map(|file| file.sha256).collect();
    digests.extend(allowed.by_name.get(&pin.name).into_iter().flatten());
    let (mut seen, mut failure) = (false, None);
    let order: Vec<&str> = match digests.is_empty() {
        true => urls.iter().skip(1).chain(urls.first()).copied().collect(),
        false => urls.to_vec(),
    };
    for url in order {
        let files = match SimpleIndex::new(fetcher, url).project(&pin.name) {
            Ok(page) => page.map(|page| page.files).unwrap_or_default(),
            Err(error) => {
                failure.get_or_insert(error);
                continue;
            }
        };
        let of_version: Vec<IndexFile> = files.into_iter().filter(|file| is_of(&pin, file)).collect();
        seen |= !of_version.is_empty();
        let fits = |file: &&IndexFile| {
            digests.is_empty() || file.sha256.is_none_or(|sha256| digests.contains(&sha256))
        };
        let fitting: Vec<LockedFile> = of_version.iter().filter(fits).map(IndexFile::to_locked).collect();
        if !fitting.is_empty() {
            pin.files = fitting;
            return Ok(pin);
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Err(match seen {
        true => PypiError::DigestNotAllowed {
            version: pin.version_text(),
            name: pin.name,
            where_allowed: "the lock".to_owned(),
        },
        false => PypiError::NotOnIndex { version: pin.version_text(), name: pin.name },
    })
}

/// True for files of the pinned version, and for any file when the version is not known.
fn is_of(pin: &Pin, file: &IndexFile) -> bool {
    let version = match file.name.parse::<WheelName>() {
        Ok(wheel) if wheel.name == pin.name => wheel.version,
        Ok(_) => return false,
        Err(_) => match SdistName::parse(&file.name, &pin.name) {
            Ok(sdist) => sdist.version,
            Err(_) => return false,
        },
    };
    pin.version.as_ref().is_none_or(|wanted| *wanted == version)
}

const CONNECTIONS: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bareboat_store::FetchOptions;
    use bareboat_testkit::package_index::{PackageIndex, PageFormat};

    use super::super::index::IndexSource;
    use super::*;

    fn name(text: &str) -> DistributionName {
        DistributionName::new(text).unwrap()
    }

    fn pin(project: &str, version: &str) -> Pin {
        Pin::new(name(project), version.parse().ok(), Origin::Index)
    }

    fn complete(
        index: &PackageIndex,
        pins: Vec<Pin>,
        allowed: &AllowedDigests,
    ) -> Result<Vec<Pin>, PypiError> {
        let options = FetchOptions { retries: 0, ..FetchOptions::default() };
        let fetcher = Fetcher::new(options, Arc::new(|_| {}));
        let at = Index {
            url: index.url(),
            source: IndexSource::Configured,
            extra: Vec::new(),
            unknown_to_uv: Vec::new(),
            has_explicit: false,
        };
        complete_pins(pins, &at, &fetcher, allowed)
    }

    #[test]
    fn finds_the_files_of_the_version_whose_digest_is_allowed() {
        let index = PackageIndex::start(PageFormat::Json);
        index.add("a", "a-1.0-py3-none-any.whl", b"one");
        index.add("a", "a-1.0.tar.gz", b"sdist");
        index.add("a", "a-2.0-py3-none-any.whl", b"two");
        let any = AllowedDigests::default();
        assert_eq!(complete(&index, vec![pin("a", "1")], &any).unwrap()[0].files.len(), 2);
        let by_name = BTreeMap::from([(name("a"), BTreeSet::from([Digest::of("one"), Digest::of("two")]))]);
        let allowed = AllowedDigests { by_name, required_by: Some("requirements.txt".to_owned()) };
        let files = &complete(&index, vec![pin("a", "1.0")], &allowed).unwrap()[0].files;
        assert_eq!(
            files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
            ["a-1.0-py3-none-any.whl"]
        );
        let by_name = BTreeMap::from([(name("a"), BTreeSet::from([Digest::of("other")]))]);
        let error = complete(&index, vec![pin("a", "1.0")], &AllowedDigests { by_name, required_by: None })
            .unwrap_err();
        assert!(matches!(error, PypiError::DigestNotAllowed { .. }), "{error}");
        let error = complete(&index, vec![pin("a", "3.0")], &any).unwrap_err();
        assert!(matches!(error, PypiError::NotOnIndex { .. }), "{error}");
        let error = allowed.of(&name("b")).unwrap_err();
        assert_eq!(error.to_string(), "`requirements.txt` lists digests, but none for `b`");
    }
}

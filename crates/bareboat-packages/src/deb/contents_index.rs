//! Reads an archive's `Contents` indexes: lines of a path and the packages that ship it.
//!
//! Fetched only when asked for: 13 MB for Debian 13, 170 MB unpacked and never held in memory. Follows the
//! Debian repository format, "Contents indices". The security archive publishes empty ones, so a library that
//! exists there only is not found.
//!
//! Mirrors are seen to lag behind with these files, so that none has the signed version for days after a point
//! release. An unsigned copy is read then, and [`Contents::unsigned_suites`] says so: all it can do is name a
//! package, and packages are checked against the signed index and against what they were taken for.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use bareboat_store::{Digest, Fetcher, Request, Store, StoreError};

use super::archive::{Archive, cached_text, keep_text};
use super::contents::{Contents, HEADING, library_row, package_names};
use super::error::{ArchiveError, IndexFault};
use super::index_file::{LIMIT, OpenSuite, StoredIndex};
use super::sorted_lines::SortedLines;

/// The bytes of a `Contents` index as stored.
struct Found<'a> {
    suite: &'a OpenSuite,
    index: StoredIndex,
    digest: Digest,
    bytes: Vec<u8>,
}

impl Found<'_> {
    fn is_signed(&self) -> bool {
        self.digest == self.index.file.digest
    }
}

impl Archive {
    /// Where shared libraries are shipped. Fetches the `Contents` indexes when this was never asked for them
    /// before.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn contents(&self, store: &Store, fetcher: &Fetcher) -> Result<Contents, ArchiveError> {
        let indexes = self.contents_indexes();
        let digests = indexes.iter().map(|(_, index)| index.file.digest);
        if let Some(libraries) = cached_table(store, &self.table_key(digests)) {
            return Ok(Contents::new(self.architecture, libraries, Vec::new()));
        }
        let found = indexes.into_iter().map(|(suite, index)| self.find(suite, index, store, fetcher));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let unsigned = found
            .iter()
            .filter(|found| !found.is_signed())
            .map(|found| found.suite.suite.name.clone())
            .collect();
        let key = self.table_key(found.iter().map(|found| found.digest));
        if let Some(libraries) = cached_table(store, &key) {
            return Ok(Contents::new(self.architecture, libraries, unsigned));
        }
        let mut rows = Vec::new();
        for found in &found {
            let is_library = |line: &[u8]| memchr::memmem::find(line, b".so").is_some();
            scan(found, is_library, |path, packages| rows.extend(library_row(path, packages)))?;
        }
        let text = SortedLines::write(HEADING, rows);
        keep_text(store, &key, &text)?;
        let libraries = SortedLines::open(text, HEADING).unwrap_or_default();
        Ok(Contents::new(self.architecture, libraries, unsigned))
    }

    /// The packages that ship the file at `path` (without leading slash), ordered by name. Reads the whole
    /// index, which takes a good part of a second: for hints, not for plans. Architecture-independent packages
    /// are not covered.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn packages_with_file(
        &self,
        path: &str,
        store: &Store,
        fetcher: &Fetcher,
    ) -> Result<BTreeSet<String>, ArchiveError> {
        let wanted = path.trim_start_matches('/');
        let mut packages = BTreeSet::new();
        for (suite, index) in self.contents_indexes() {
            let is_wanted = |line: &[u8]| line.starts_with(wanted.as_bytes());
            scan(&self.find(suite, index, store, fetcher)?, is_wanted, |path, names| {
                if path == wanted {
                    packages.extend(package_names(names).map(str::to_owned));
                }
            })?;
        }
        Ok(packages)
    }

    /// Files whose path ends in `ending` (`/libpq-fe.h`), each with a package that ships it, ordered by path. Costs what
    /// [`Archive::packages_with_file`] does.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn files_ending_in(
        &self,
        ending: &str,
        store: &Store,
        fetcher: &Fetcher,
    ) -> Result<BTreeSet<(String, String)>, ArchiveError> {
        let finder = memchr::memmem::Finder::new(ending.as_bytes());
        let mut files = BTreeSet::new();
        for (suite, index) in self.contents_indexes() {
            let may_end = |line: &[u8]| finder.find(line).is_some();
            scan(&self.find(suite, index, store, fetcher)?, may_end, |path, names| {
                if path.ends_with(ending) {
                    files.extend(package_names(names).map(|name| (path.to_owned(), name.to_owned())));
                }
            })?;
        }
        Ok(files)
    }

    fn contents_indexes(&self) -> Vec<(&OpenSuite, StoredIndex)> {
        let path = format!("main/Contents-{}", self.architecture);
        self.suites
            .iter()
            .filter_map(|suite| Some((suite, suite.index(&path)?)))
            .filter(|(_, index)| index.unpacked != Some(0))
            .collect()
    }

    fn table_key(&self, digests: impl Iterator<Item = Digest>) -> Digest {
        let digests: Vec<String> = digests.map(|digest| digest.hex()).collect();
        Digest::of(format!("{HEADING} {} {}", self.architecture, digests.join(" ")))
    }

    /// The signed version, or whatever a mirror has in its place.
    fn find<'a>(
        &self,
        suite: &'a OpenSuite,
        index: StoredIndex,
        store: &Store,
        fetcher: &Fetcher,
    ) -> Result<Found<'a>, ArchiveError> {
        let signed = match suite.read(&index, &self.mirrors, store, fetcher) {
            Ok(bytes) => return Ok(Found { digest: index.file.digest, suite, index, bytes }),
            Err(ArchiveError::Store(StoreError::Fetch(error))) => error,
            Err(error) => return Err(error),
        };
        let request = Request {
            urls: self.mirrors.suite_urls(&suite.suite, &index.path),
            limit: UNSIGNED_LIMIT,
            label: format!("{} {}", suite.suite.name, index.path),
            ..Request::default()
        };
        match fetcher.fetch(store, &request) {
            Ok(fetched) => {
                let bytes = store.read(&fetched.digest, UNSIGNED_LIMIT)?;
                Ok(Found { suite, index, digest: fetched.digest, bytes })
            }
            // What was wanted in the first place explains more.
            Err(StoreError::Fetch(_)) => Err(StoreError::Fetch(signed).into()),
            Err(error) => Err(error.into()),
        }
    }
}

fn cached_table(store: &Store, key: &Digest) -> Option<SortedLines> {
    SortedLines::open(cached_text(store, key)?, HEADING)
}

/// Calls `visit` with the path and the packages of each line that `accept` wants.
fn scan(
    found: &Found<'_>,
    accept: impl Fn(&[u8]) -> bool,
    mut visit: impl FnMut(&str, &str),
) -> Result<(), ArchiveError> {
    let limit = found.index.unpacked.filter(|_| found.is_signed()).unwrap_or(LIMIT);
    let reader = found.index.reader(&found.bytes[..]).take(limit);
    let mut lines = BufReader::with_capacity(1 << 20, reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line);
        let fault = |reason: String| found.suite.fault(&found.index, IndexFault::Compression(reason));
        if read.map_err(|error| fault(error.to_string()))? == 0 {
            return Ok(());
        }
        if !accept(&line) {
            continue;
        }
        // A path in another encoding is nothing anybody asks for.
        let Ok(text) = std::str::from_utf8(&line) else { continue };
        // Paths may hold blanks, lists of packages never do.
        if let Some((path, packages)) = text.trim_end().rsplit_once([' ', '\t']) {
            visit(path.trim_end(), packages);
        }
    }
}

/// The compressed list for one architecture of Debian 14 has 13.4 MB.
const UNSIGNED_LIMIT: u64 = 256 << 20;
/// A file that thousands of packages ship has a line of 100 kB.
const LONGEST_LINE: u64 = 4 << 20;

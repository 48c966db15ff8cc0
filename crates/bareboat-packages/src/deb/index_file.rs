//! Index files of a suite: which stored form to take, how to get it, how to unpack it.

use std::io::Read;

use bareboat_store::{Fetcher, Request, Store, StoreError};

use super::debian_release::Suite;
use super::error::{ArchiveError, IndexFault};
use super::mirrors::Mirrors;
use super::release_file::{IndexFile, ReleaseFile};

/// A suite whose release file has been believed.
#[derive(Debug, Clone)]
pub(super) struct OpenSuite {
    pub suite: Suite,
    pub release: ReleaseFile,
}

/// An index in the form it is stored in.
#[derive(Debug, Clone)]
pub(super) struct StoredIndex {
    /// Path relative to the suite, with the ending of its compression.
    pub path: String,
    /// What it must hash to.
    pub file: IndexFile,
    /// Bytes once unpacked, when the release file says.
    pub unpacked: Option<u64>,
    compression: Compression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Gzip,
    Xz,
    None,
}

/// Stored forms, best first.
///
/// gzip before xz: of Debian 13's main component gzip has 3.7 MB more to fetch and takes 0.07 s to unpack
/// instead of 0.4 s, so it is the faster one above some 80 Mbit/s, and a second's difference on slow links
/// happens once a release.
const FORMS: [(&str, Compression); 3] =
    [(".gz", Compression::Gzip), (".xz", Compression::Xz), ("", Compression::None)];

impl OpenSuite {
    /// The stored form of the index `path` to take; `None` when the suite has no such index.
    pub fn index(&self, path: &str) -> Option<StoredIndex> {
        let unpacked = self.release.files.get(path).map(|file| file.size);
        FORMS.into_iter().find_map(|(ending, compression)| {
            let path = format!("{path}{ending}");
            let file = *self.release.files.get(&path)?;
            Some(StoredIndex { path, file, unpacked, compression })
        })
    }

    /// The stored bytes of an index, fetched unless the store has them. Any mirror will do: only the digest
    /// counts.
    pub fn read(
        &self,
        index: &StoredIndex,
        mirrors: &Mirrors,
        store: &Store,
        fetcher: &Fetcher,
    ) -> Result<Vec<u8>, ArchiveError> {
        if index.file.size > LIMIT {
            let fault = IndexFault::TooLarge { size: index.file.size, limit: LIMIT };
            return Err(self.fault(index, fault));
        }
        let request = self.request(index, mirrors);
        let digest = fetcher.fetch(store, &request)?.digest;
        match store.read(&digest, index.file.size) {
            // Damaged on disk since it was fetched, and removed by now.
            Err(StoreError::Corrupt { .. } | StoreError::Missing { .. }) => {
                fetcher.fetch(store, &request)?;
                Ok(store.read(&digest, index.file.size)?)
            }
            result => Ok(result?),
        }
    }

    fn request(&self, index: &StoredIndex, mirrors: &Mirrors) -> Request {
        let mut urls = Vec::new();
        if self.release.by_hash {
            let (directory, _) = index.path.rsplit_once('/').unwrap_or_default();
            let by_hash = format!("{directory}/by-hash/SHA256/{}", index.file.digest.hex());
            urls.extend(mirrors.suite_urls(&self.suite, by_hash.trim_start_matches('/')));
        }
        urls.extend(mirrors.suite_urls(&self.suite, &index.path));
        Request {
            urls,
            digest: Some(index.file.digest),
            size: Some(index.file.size),
            limit: index.file.size,
            label: format!("{} {}", self.suite.name, index.path),
            ..Request::default()
        }
    }

    /// The error for `fault` in `index`.
    pub fn fault(&self, index: &StoredIndex, fault: IndexFault) -> ArchiveError {
        ArchiveError::Index { suite: self.suite.name.clone(), path: index.path.clone(), fault }
    }
}

impl StoredIndex {
    /// The unpacked text of `bytes`.
    ///
    /// # Errors
    /// Broken compression, or another length than the release file says: never more is unpacked than that.
    pub fn unpack(&self, bytes: &[u8]) -> Result<String, IndexFault> {
        let expected = match (self.unpacked, self.compression) {
            (Some(size), _) => size,
            (None, Compression::None) => self.file.size,
            // Nothing says how long it is: only the limit bounds it.
            (None, _) => LIMIT,
        };
        if expected > LIMIT {
            return Err(IndexFault::TooLarge { size: expected, limit: LIMIT });
        }
        let text =
            self.gunzip_at_once(bytes, expected).map_or_else(|| self.unpack_stream(bytes, expected), Ok)?;
        if self.unpacked.is_some() && text.len() as u64 != expected {
            return Err(IndexFault::WrongSize { expected });
        }
        String::from_utf8(text).map_err(|_| IndexFault::NotText)
    }

    /// libdeflate is a third faster than a stream, but wants one member of known length; `None` when that is
    /// not so.
    fn gunzip_at_once(&self, bytes: &[u8], expected: u64) -> Option<Vec<u8>> {
        if self.compression != Compression::Gzip || self.unpacked.is_none() {
            return None;
        }
        let mut text = vec![0; usize::try_from(expected).ok()?];
        let length = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut text).ok()?;
        (length == text.len()).then_some(text)
    }

    fn unpack_stream(&self, bytes: &[u8], expected: u64) -> Result<Vec<u8>, IndexFault> {
        let mut text = Vec::new();
        let read = self.reader(bytes).take(expected + 1).read_to_end(&mut text);
        read.map_err(|error| IndexFault::Compression(error.to_string()))?;
        if text.len() as u64 > expected {
            return Err(IndexFault::WrongSize { expected });
        }
        Ok(text)
    }

    /// Unpacks `source` while it is read.
    pub fn reader<'a>(&self, source: impl Read + 'a) -> Box<dyn Read + 'a> {
        match self.compression {
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(source)),
            Compression::Xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(source)),
            Compression::None => Box::new(source),
        }
    }
}

/// The largest index of Debian 13, the list of all files of architecture-independent packages, has 593 MB.
pub(super) const LIMIT: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_store::Digest;
    use bareboat_testkit::deb::Compression as Maker;

    fn index(bytes: &[u8], unpacked: Option<u64>, compression: Compression) -> StoredIndex {
        let file = IndexFile { digest: Digest::of(bytes), size: bytes.len() as u64 };
        StoredIndex { path: "main/x".to_owned(), file, unpacked, compression }
    }

    #[test]
    fn unpacks_every_form_and_several_members() {
        let text = "Package: a\n".repeat(1000);
        for (maker, compression) in
            [(Maker::Gzip, Compression::Gzip), (Maker::Xz, Compression::Xz), (Maker::None, Compression::None)]
        {
            let once = maker.compress(text.as_bytes());
            let twice = [&once[..], &once[..]].concat();
            let size = Some(text.len() as u64);
            assert_eq!(index(&once, size, compression).unpack(&once).unwrap(), text);
            assert_eq!(index(&once, None, compression).unpack(&once).unwrap(), text);
            let both = index(&twice, size.map(|size| size * 2), compression).unpack(&twice).unwrap();
            assert_eq!(both.len(), text.len() * 2);
        }
    }

    #[test]
    fn never_unpacks_more_than_was_signed() {
        let bomb = vec![b'a'; 10 << 20];
        for (maker, compression) in
            [(Maker::Gzip, Compression::Gzip), (Maker::Xz, Compression::Xz), (Maker::None, Compression::None)]
        {
            let stored = maker.compress(&bomb);
            for signed in [0, 100, bomb.len() as u64 - 1, bomb.len() as u64 + 1] {
                let verdict = index(&stored, Some(signed), compression).unpack(&stored);
                assert_eq!(verdict, Err(IndexFault::WrongSize { expected: signed }), "{maker:?} {signed}");
            }
        }
    }

    #[test]
    fn reports_broken_compression_and_bytes_that_are_no_text() {
        let stored = Maker::Gzip.compress(b"hello world");
        let cut = &stored[..stored.len() - 4];
        assert!(matches!(
            index(cut, Some(11), Compression::Gzip).unpack(cut),
            Err(IndexFault::Compression(_))
        ));
        let verdict = index(b"\xff", Some(1), Compression::None).unpack(b"\xff");
        assert_eq!(verdict, Err(IndexFault::NotText));
    }
}

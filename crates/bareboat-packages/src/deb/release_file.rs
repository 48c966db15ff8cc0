//! The `Release` text that an archive signs: which suite it is, until when it holds, and the digest of every
//! index.
//!
//! Follows the Debian repository format, "Release files". Only SHA-256 is read. Whether the text was signed is
//! decided before, by the `signature` module; nothing here can be trusted without it.

use std::collections::BTreeMap;
use std::time::Duration;

use bareboat_store::Digest;

use super::archive_date::ArchiveDate;
use super::control::paragraphs;
use super::debian_release::Suite;

/// The part of a `Release` file that a reader of one component needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Who publishes it: `Debian`.
    pub origin: String,
    /// Suite by codename: `trixie-security`.
    pub codename: String,
    /// When it was made.
    pub date: ArchiveDate,
    /// Until when it may be believed; stable releases say nothing.
    pub valid_until: Option<ArchiveDate>,
    /// True when every index is also at `by-hash/SHA256/<hex>` beside its name.
    pub by_hash: bool,
    /// True when `Architecture: all` packages are in an index of their own and not in every architecture's.
    pub separate_all: bool,
    /// Index files by path relative to the suite's directory.
    pub files: BTreeMap<String, IndexFile>,
}

/// One line of the `SHA256` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexFile {
    /// SHA-256 of the file as stored, compressed if its name says so.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

impl ReleaseFile {
    /// Parses signed text, keeping the files whose path `keep` accepts: a table has thousands, a lock needs
    /// six.
    ///
    /// # Errors
    /// A missing or malformed field, or a path that leaves its directory.
    pub fn parse(text: &str, keep: impl Fn(&str) -> bool) -> Result<Self, ReleaseFileError> {
        let paragraph = paragraphs(text).next().ok_or(ReleaseFileError::Missing { field: "Codename" })?;
        let fields: BTreeMap<String, &str> =
            paragraph.fields().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let required = |field: &'static str| {
            let value = fields.get(&field.to_ascii_lowercase()).copied();
            value.filter(|value| !value.is_empty()).ok_or(ReleaseFileError::Missing { field })
        };
        let date = |field: &'static str, text: &str| {
            ArchiveDate::parse_release(text)
                .ok_or_else(|| ReleaseFileError::Malformed { field, line: text.chars().take(120).collect() })
        };
        let says =
            |field: &str, word: &str| fields.get(field).is_some_and(|value| words(value).any(|w| w == word));
        Ok(Self {
            origin: required("Origin")?.to_owned(),
            codename: required("Codename")?.to_owned(),
            date: date("Date", required("Date")?)?,
            valid_until: fields.get("valid-until").map(|text| date("Valid-Until", text)).transpose()?,
            by_hash: says("acquire-by-hash", "yes"),
            separate_all: says("architectures", "all")
                && !says("no-support-for-architecture-all", "Packages"),
            files: parse_table(required("SHA256")?, keep)?,
        })
    }

    /// Checks that this is the release file of `suite` and may be believed at `now`.
    ///
    /// # Errors
    /// Another origin or suite (a mirror may serve one validly signed suite in place of another), a date in the
    /// future, or an expired one.
    pub fn check(&self, suite: &Suite, now: ArchiveDate) -> Result<(), ReleaseFileError> {
        if self.origin != "Debian" {
            return Err(ReleaseFileError::WrongOrigin { origin: self.origin.chars().take(80).collect() });
        }
        if self.codename != suite.name {
            return Err(ReleaseFileError::WrongSuite {
                wanted: suite.name.clone(),
                found: self.codename.chars().take(80).collect(),
            });
        }
        if self.date > now.plus(CLOCK_SKEW) {
            return Err(ReleaseFileError::FromTheFuture { date: self.date, now });
        }
        match self.valid_until {
            Some(until) if until < now => Err(ReleaseFileError::Expired { until, now }),
            _ => Ok(()),
        }
    }
}

fn parse_table(
    table: &str,
    keep: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, IndexFile>, ReleaseFileError> {
    let mut files = BTreeMap::new();
    for line in table.lines() {
        let malformed =
            || ReleaseFileError::Malformed { field: "SHA256", line: line.chars().take(120).collect() };
        let mut columns = words(line);
        let (Some(hex), Some(size), Some(path), None) =
            (columns.next(), columns.next(), columns.next(), columns.next())
        else {
            return Err(malformed());
        };
        if !keep(path) {
            continue;
        }
        if !is_plain_path(path) {
            return Err(malformed());
        }
        let digest = Digest::from_hex(hex).map_err(|_| malformed())?;
        let size = size.parse().map_err(|_| malformed())?;
        files.insert(path.to_owned(), IndexFile { digest, size });
    }
    Ok(files)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_ascii_whitespace()
}

/// True for a relative path without `.` and `..` components, made of characters that need no escaping in a URL.
pub(super) fn is_plain_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-._~:@,=%".contains(&byte);
    !path.is_empty()
        && path.len() <= 1024
        && path.bytes().all(plain)
        && path.split('/').all(|component| !matches!(component, "" | "." | ".."))
}

/// How far ahead of this machine's clock an archive's clock may be.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// Why a `Release` file is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFileError {
    /// A field that must be there is not.
    #[error("its `{field}` field is missing")]
    Missing {
        /// Field name.
        field: &'static str,
    },
    /// A value that cannot be read.
    #[error("its `{field}` field is malformed: `{line}`")]
    Malformed {
        /// Field name.
        field: &'static str,
        /// The value, or the line of it.
        line: String,
    },
    /// Not Debian's.
    #[error("its origin is `{origin}`, not `Debian`")]
    WrongOrigin {
        /// The `Origin` field.
        origin: String,
    },
    /// Another suite than was asked for.
    #[error("it is signed for the suite `{found}`, not `{wanted}`")]
    WrongSuite {
        /// The suite asked for.
        wanted: String,
        /// The `Codename` field.
        found: String,
    },
    /// Made after now.
    #[error("it is from the future: made {date}, and it is {now} here")]
    FromTheFuture {
        /// The `Date` field.
        date: ArchiveDate,
        /// What the caller took for now.
        now: ArchiveDate,
    },
    /// Its time has passed.
    #[error("it expired {until}, and it is {now} here")]
    Expired {
        /// The `Valid-Until` field.
        until: ArchiveDate,
        /// What the caller took for now.
        now: ArchiveDate,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::debian_release::DebianRelease;
    use proptest::prelude::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn text(extra: &str) -> String {
        format!(
            "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n\
             Acquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: all amd64\n{extra}\
             MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 main/x\nSHA256:\n {EMPTY}        0 main/x\n {EMPTY} 12 main/y.gz\n"
        )
    }

    fn at(text: &str) -> ArchiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_a_lock_needs() {
        let release = ReleaseFile::parse(&text(""), |path| path.ends_with(".gz")).unwrap();
        assert_eq!(release.codename, "trixie");
        assert!(release.by_hash && !release.separate_all);
        assert_eq!(release.files.keys().collect::<Vec<_>>(), ["main/y.gz"]);
        assert_eq!(release.files["main/y.gz"].size, 12);
        assert_eq!(release.valid_until, None);
    }

    #[test]
    fn enforces_suite_and_dates() {
        let suite = &DebianRelease::Trixie.suites()[0];
        let valid = text("Valid-Until: Sat, 28 Nov 2026 09:15:44 UTC\n");
        let release = ReleaseFile::parse(&valid, |_| true).unwrap();
        assert_eq!(release.check(suite, at("2026-11-28T09:15:44Z")), Ok(()));
        let late = release.check(suite, at("2026-11-28T09:15:45Z"));
        assert!(matches!(late, Err(ReleaseFileError::Expired { .. })));
        assert_eq!(release.check(suite, at("2026-11-21T09:06:00Z")), Ok(()));
        let early = release.check(suite, at("2026-11-21T09:05:00Z"));
        assert!(matches!(early, Err(ReleaseFileError::FromTheFuture { .. })));
        let other = release.check(&DebianRelease::Bookworm.suites()[0], at("2026-11-22T00:00:00Z"));
        assert!(matches!(other, Err(ReleaseFileError::WrongSuite { .. })));
    }

    #[test]
    fn refuses_malformed_tables_and_missing_fields() {
        let good = text("");
        for (from, to) in [
            ("Codename: trixie\n", ""),
            ("SHA256:", "SHA512:"),
            (EMPTY, "e3b0"),
            ("main/y.gz", "../y.gz"),
            ("main/y.gz", "main/y.gz extra"),
            ("12 main", "-1 main"),
            ("21 Nov", "21 Nof"),
        ] {
            let bad = good.replace(from, to);
            assert!(ReleaseFile::parse(&bad, |_| true).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn notices_a_separate_index_for_all_architectures() {
        let separate = text("").replace("No-Support-for-Architecture-all: Packages\n", "");
        assert!(ReleaseFile::parse(&separate, |_| true).unwrap().separate_all);
    }

    proptest! {
        #[test]
        fn never_panics(text in "([A-Za-z-]{0,12}:| )[ -~\n]{0,80}") {
            let whole = super::tests::text("") + &text;
            let _ = (ReleaseFile::parse(&text, |_| true), ReleaseFile::parse(&whole, |_| true));
        }
    }
}

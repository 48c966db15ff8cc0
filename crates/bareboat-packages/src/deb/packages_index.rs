//! The packages a release offers: its suites seen as one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::archive_date::ArchiveDate;
use super::debian_release::{DebianRelease, SuiteRole};
use super::packages_file::{PackageRow, SuitePackages};
use super::record::PackageRecord;
use super::suggest::Suggestions;
use super::version::compare_versions;

/// The packages of a release for one architecture. Of each name the highest version counts; between equal
/// versions the security archive's comes first, then the main suite's.
#[derive(Debug, Clone)]
pub struct PackageIndex {
    pub(super) release: DebianRelease,
    pub(super) architecture: Architecture,
    pub(super) suites: Vec<SuitePackages>,
    pub(super) dates: SuiteDates,
}

/// When each suite of an index was made, by suite name; a lock file keeps it.
pub type SuiteDates = BTreeMap<String, SuiteDate>;

/// When a suite's index was made and until when it could be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteDate {
    /// Its `Date`.
    pub date: ArchiveDate,
    /// Its `Valid-Until`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<ArchiveDate>,
}

impl PackageIndex {
    /// The release the packages belong to.
    pub fn release(&self) -> DebianRelease {
        self.release
    }

    /// The architecture the packages are for.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// When each suite was made.
    pub fn dates(&self) -> &SuiteDates {
        &self.dates
    }

    /// How many packages the suites list, each version in each suite counted.
    pub fn len(&self) -> usize {
        self.suites.iter().map(SuitePackages::len).sum()
    }

    /// True when no suite lists any package.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The package called `name` in its highest version.
    pub fn get(&self, name: &str) -> Option<PackageRecord> {
        self.best(name)?.record()
    }

    /// True when there is a real package called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.best(name).is_some()
    }

    /// Every version of the package called `name`, highest first.
    pub fn versions(&self, name: &str) -> Vec<PackageRecord> {
        let mut rows: Vec<_> = self.suites.iter().flat_map(|suite| suite.versions(name)).collect();
        rows.sort_by(|left, right| preference(right, left));
        rows.into_iter().filter_map(|row| row.record()).collect()
    }

    /// The packages whose highest version provides `name`, ordered by name. A real package of that name is not
    /// among them unless it says so.
    pub fn providers(&self, name: &str) -> Vec<PackageRecord> {
        let names: BTreeSet<&str> = self.suites.iter().flat_map(|suite| suite.providers(name)).collect();
        let records = names.into_iter().filter_map(|provider| self.get(provider));
        records.filter(|record| record.provides(name).is_some()).collect()
    }

    /// How many packages need `name` first, that is as the first alternative of a dependency. Between packages
    /// that ship the same library this tells the usual one from its replacements.
    pub fn dependents(&self, name: &str) -> usize {
        let mut dependents = BTreeSet::new();
        for row in self.suites.iter().flat_map(|suite| suite.rows_containing(name)) {
            let Some(record) = row.record() else { continue };
            let clauses = record.dependencies().unwrap_or_default();
            if clauses.iter().any(|clause| clause.alternatives[0].name == name) {
                dependents.insert(row.name());
            }
        }
        dependents.len()
    }

    /// Names a person may have meant by `name`, which is not among them, best first, at most three.
    pub fn suggest(&self, name: &str) -> Vec<String> {
        let mut suggestions = Suggestions::new(name);
        for row in self.suites.iter().flat_map(SuitePackages::rows) {
            suggestions.consider(row.name());
        }
        suggestions.finish()
    }

    fn best<'a>(&'a self, name: &'a str) -> Option<PackageRow<'a>> {
        self.suites.iter().flat_map(|suite| suite.versions(name)).max_by(preference)
    }
}

/// Orders rows of one package: the larger is to be preferred.
fn preference(left: &PackageRow<'_>, right: &PackageRow<'_>) -> Ordering {
    let rank = |row: &PackageRow<'_>| match row.suite().role {
        SuiteRole::Security => 2,
        SuiteRole::Base => 1,
        SuiteRole::Updates => 0,
    };
    compare_versions(left.version(), right.version()).then_with(|| rank(left).cmp(&rank(right)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::packages_file::compact;
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// One package a line: `name version | Field: value | …`.
    pub fn packages(lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let mut parts = line.split(" | ");
            let (name, version) = parts.next().unwrap().split_once(' ').unwrap();
            text += &format!(
                "Package: {name}\nVersion: {version}\nArchitecture: amd64\nSize: 1\nSHA256: {HEX}\n"
            );
            text += &format!("Filename: pool/main/{name}_{version}_amd64.deb\n");
            parts.for_each(|field| text += &format!("{}\n", field.replace(" / ", " | ")));
            text += "\n";
        }
        text
    }

    /// An index of the main, updates and security suites of Debian 13.
    pub fn index(suites: [&[&str]; 3]) -> PackageIndex {
        let release = DebianRelease::Trixie;
        let tables = release.suites().into_iter().zip(suites).map(|(suite, lines)| {
            let text = compact(&packages(lines), Architecture::Amd64).unwrap();
            SuitePackages::open(suite, text).unwrap()
        });
        PackageIndex {
            release,
            architecture: Architecture::Amd64,
            suites: tables.collect(),
            dates: SuiteDates::new(),
        }
    }

    #[test]
    fn prefers_the_highest_version_and_security_between_equals() {
        let index = index([&["a 1.0", "b 2.0", "c 1.0"], &["a 1.1", "c 1.0"], &["b 1.9", "c 1.0"]]);
        let chosen = |name| index.get(name).map(|record| (record.version.to_string(), record.suite));
        assert_eq!(chosen("a"), Some(("1.1".to_owned(), "trixie-updates".to_owned())));
        assert_eq!(chosen("b"), Some(("2.0".to_owned(), "trixie".to_owned())));
        assert_eq!(chosen("c"), Some(("1.0".to_owned(), "trixie-security".to_owned())));
        assert_eq!(chosen("d"), None);
        assert_eq!(index.versions("c").len(), 3);
        assert_eq!(index.versions("a")[0].version.as_str(), "1.1");
    }

    #[test]
    fn lists_providers_by_their_highest_version_only() {
        let index = index([
            &["new 1 | Provides: awk (= 3), x", "old 1 | Provides: awk", "awk 9"],
            &[],
            &["old 2 | Provides: other"],
        ]);
        let names: Vec<_> = index.providers("awk").into_iter().map(|record| record.name).collect();
        assert_eq!(names, ["new"]);
        assert_eq!(index.providers("none"), []);
    }

    #[test]
    fn counts_who_needs_a_package_first() {
        let index = index([
            &[
                "a 1 | Depends: lib (>= 1), other",
                "b 1 | Depends: alt / lib",
                "c 1 | Depends: libx",
                "lib 1",
                "d 1 | Pre-Depends: lib",
            ],
            &["a 2 | Depends: lib"],
            &[],
        ]);
        assert_eq!(index.dependents("lib"), 2);
        assert_eq!(index.dependents("alt"), 1);
        assert_eq!(index.dependents("none"), 0);
    }
}

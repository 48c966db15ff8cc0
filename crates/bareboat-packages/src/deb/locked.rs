//! What a lock file keeps of a package: enough to fetch and check it without any index.

use bareboat_store::{Digest, Request};
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::closure::Selected;
use super::debian_release::ArchiveKind;
use super::mirrors::Mirrors;
use super::record::PackageRecord;
use super::version::Version;

/// A package pinned by content. Says no host: any mirror of its archive will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedDeb {
    /// Package name.
    pub name: String,
    /// Version, epoch included.
    pub version: Version,
    /// Debian's name of the architecture, or `all`.
    pub architecture: String,
    /// The archive that holds it.
    pub archive: ArchiveKind,
    /// Path below the archive's root: `pool/main/…`.
    pub path: String,
    /// SHA-256 of the `.deb` file.
    pub sha256: Digest,
    /// Bytes of the `.deb` file.
    pub size: u64,
    /// Why it is there, for people.
    pub reason: String,
    /// The libraries it is there for, by the names that programs ask for. Empty when it is there as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sonames: Vec<String>,
}

impl LockedDeb {
    /// Pins a chosen package.
    pub fn new(selected: &Selected) -> Self {
        Self::pin(&selected.record, selected.reason.to_string())
    }

    /// Pins a package, with why it is there.
    pub fn pin(record: &PackageRecord, reason: String) -> Self {
        Self {
            name: record.name.clone(),
            version: record.version.clone(),
            architecture: record.architecture.clone(),
            archive: record.archive,
            path: record.path.clone(),
            sha256: record.sha256,
            size: record.size,
            reason,
            sonames: Vec::new(),
        }
    }

    /// Where it may be, best first.
    pub fn urls(&self, mirrors: &Mirrors) -> Vec<String> {
        mirrors.urls(self.archive, &self.path)
    }

    /// What to ask a fetcher for.
    pub fn request(&self, mirrors: &Mirrors) -> Request {
        Request {
            urls: self.urls(mirrors),
            digest: Some(self.sha256),
            size: Some(self.size),
            limit: self.size,
            label: format!("{} {}", self.name, self.version),
            ..Request::default()
        }
    }

    /// True when it can be part of an image for `architecture`.
    pub fn fits(&self, architecture: Architecture) -> bool {
        self.architecture == "all" || self.architecture == architecture.debian()
    }
}

#[cfg(test)]
mod tests {
    use super::super::packages_index::tests::index;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn survives_toml_and_names_no_host() {
        let index = index([&["a 1 | Depends: b", "b 1:2-3"], &[], &[]]);
        let closure = index.closure(&["a"], &BTreeSet::new()).unwrap();
        let locked = LockedDeb::new(&closure.packages[1]);
        let text = toml::to_string(&locked).unwrap();
        assert_eq!(toml::from_str::<LockedDeb>(&text).unwrap(), locked);
        assert!(!text.contains("://"), "{text}");
        assert_eq!(locked.reason, "`a` needs `b`");
        let request = locked.request(&Mirrors::default());
        assert_eq!(request.urls, ["http://ftp.debian.org/debian/pool/main/b_1:2-3_amd64.deb"]);
        assert_eq!((request.digest, request.limit), (Some(locked.sha256), 1));
        assert!(locked.fits(Architecture::Amd64) && !locked.fits(Architecture::Arm64));
    }
}

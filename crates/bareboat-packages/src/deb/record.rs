//! What an index says about one version of one package.

use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

use super::debian_release::ArchiveKind;
use super::dependency::{Clause, DependencyError, parse_clauses};
use super::version::Version;

/// One version of one package, as an archive's `Packages` index describes it (Debian Policy 5,
/// `deb-control(5)`).
///
/// Relationship fields are kept as text: few of an archive's packages are ever asked for theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRecord {
    /// Package name.
    pub name: String,
    /// Version, epoch included.
    pub version: Version,
    /// Debian's name of the architecture, or `all`.
    pub architecture: String,
    /// Name of the source package.
    pub source: String,
    /// Version of the source package: a rebuild has its own, `1.2-3+b1` from `1.2-3`.
    pub source_version: Version,
    /// The suite it was found in: `trixie-security`.
    pub suite: String,
    /// The archive that holds it.
    pub archive: ArchiveKind,
    /// Path below the archive's root: `pool/main/…`.
    pub path: String,
    /// SHA-256 of the `.deb` file.
    pub sha256: Digest,
    /// Bytes of the `.deb` file.
    pub size: u64,
    /// Bytes it takes unpacked, as estimated by its builder (a multiple of 1024); 0 when the index does not
    /// say.
    pub installed_size: u64,
    /// Section: `libs`.
    pub section: String,
    /// Priority: `required`, `important`, `standard`, `optional` or `extra`.
    pub priority: String,
    /// True for `Essential: yes`.
    pub essential: bool,
    /// `same`, `foreign`, `allowed`, or empty.
    pub multi_arch: String,
    /// `Pre-Depends`.
    pub pre_depends: String,
    /// `Depends`.
    pub depends: String,
    /// `Provides`.
    pub provides: String,
    /// `Conflicts`.
    pub conflicts: String,
    /// `Breaks`.
    pub breaks: String,
}

impl PackageRecord {
    /// What must be installed with it: `Pre-Depends`, then `Depends`.
    ///
    /// # Errors
    /// A field that does not follow the grammar.
    pub fn dependencies(&self) -> Result<Vec<Clause<'_>>, DependencyError> {
        let mut clauses = parse_clauses(&self.pre_depends)?;
        clauses.extend(parse_clauses(&self.depends)?);
        Ok(clauses)
    }

    /// What must not be installed with it: `Conflicts`, then `Breaks`.
    ///
    /// # Errors
    /// A field that does not follow the grammar.
    pub fn exclusions(&self) -> Result<Vec<Clause<'_>>, DependencyError> {
        let mut clauses = parse_clauses(&self.conflicts)?;
        clauses.extend(parse_clauses(&self.breaks)?);
        Ok(clauses)
    }

    /// The version it provides `name` in: `None` when it does not, `Some(None)` when it says no version.
    pub fn provides(&self, name: &str) -> Option<Option<&str>> {
        provisions(&self.provides).find(|(provided, _)| *provided == name).map(|(_, version)| version)
    }

    /// The names it provides, each with its version if it says one.
    pub fn provisions(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        provisions(&self.provides)
    }
}

/// Reads a `Provides` field; clauses that do not follow the grammar provide nothing.
pub(super) fn provisions(field: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let clauses = parse_clauses(field).unwrap_or_default();
    clauses.into_iter().filter_map(|clause| {
        let relation = clause.alternatives.into_iter().next()?;
        Some((relation.name, relation.version.map(|constraint| constraint.version)))
    })
}

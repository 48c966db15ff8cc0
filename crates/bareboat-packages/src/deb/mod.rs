//! Debian archives: releases, mirrors, signed indexes, dependency closures and what packages contain.

mod apt_sources;
mod architecture;
mod archive_date;
mod control;
mod debian_release;
mod dependency;
mod keyring;
mod mirrors;
mod release_file;
mod signature;
mod version;

pub use apt_sources::{HostMirror, HostSources, read_host_sources};
pub use architecture::{Architecture, ArchitectureError};
pub use archive_date::{ArchiveDate, ArchiveDateError};
pub use control::{Fields, Paragraph, Paragraphs, paragraphs};
pub use debian_release::{ArchiveKind, DebianRelease, DebianReleaseError, Suite, SuiteRole};
pub use dependency::{
    Clause, Constraint, DependencyError, Operator, Qualifier, Relation, is_package_name, parse_clause,
    parse_clauses,
};
pub use keyring::{KeyFault, Keyring, KeyringError};
pub use mirrors::{MirrorError, MirrorOrigin, MirrorSources, Mirrors};
pub use release_file::{IndexFile, ReleaseFile, ReleaseFileError};
pub use signature::{FaultReason, SignatureError, SignatureFault, SignedText, verify_cleartext};
pub use version::{Version, VersionError, compare_versions};

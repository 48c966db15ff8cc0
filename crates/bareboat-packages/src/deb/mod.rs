//! Debian archives: releases, mirrors, signed indexes, dependency closures and what packages contain.
//!
//! [`Archive::open`] is the way in; everything it needs from the outside (mirrors, the time, keys, a store, a
//! fetcher) is handed to it.

mod apt_sources;
mod architecture;
mod archive;
mod archive_date;
mod closure;
mod closure_error;
mod contents;
mod contents_index;
mod control;
mod debian_release;
mod dependency;
mod error;
mod index_file;
mod key_standing;
mod keyring;
mod locked;
mod mirrors;
mod packages_file;
mod packages_index;
mod record;
mod release_file;
mod signature;
mod sorted_lines;
mod suggest;
mod version;

pub use apt_sources::{HostMirror, HostSources, read_host_sources};
pub use architecture::{Architecture, ArchitectureError};
pub use archive::{Archive, ArchiveOptions};
pub use archive_date::{ArchiveDate, ArchiveDateError};
pub use closure::{Closure, Reason, Selected};
pub use closure_error::ClosureError;
pub use contents::{Contents, LibraryChoice, Shipper};
pub use control::{Fields, Paragraph, Paragraphs, paragraphs};
pub use debian_release::{ArchiveKind, DebianRelease, DebianReleaseError, Suite, SuiteRole};
pub use dependency::{
    Clause, Constraint, DependencyError, Operator, Qualifier, Relation, is_package_name, parse_clause,
    parse_clauses,
};
pub use error::{ArchiveError, IndexFault, SuiteAttempt, SuiteFault};
pub use key_standing::KeyFault;
pub use keyring::{Keyring, KeyringError};
pub use locked::LockedDeb;
pub use mirrors::{MirrorError, MirrorOrigin, MirrorSources, Mirrors};
pub use packages_file::PackagesFileError;
pub use packages_index::{PackageIndex, SuiteDate, SuiteDates};
pub use record::PackageRecord;
pub use release_file::{IndexFile, ReleaseFile, ReleaseFileError};
pub use signature::{FaultReason, SignatureError, SignatureFault, SignedText, verify_cleartext};
pub use version::{Version, VersionError, compare_versions};

//! The Debian system around an application: which packages, which of their files, and what replaces their scripts.
//!
//! Everything here is a pure function of its arguments: a release, a slice, what the packages hold. Nothing reads a
//! disk, runs a script or looks at the clock. Measured against Debian 12 and 13 (amd64, arm64).

pub mod alternatives;
pub mod base;
pub mod busybox;
pub mod certificates;
pub mod directories;
pub mod dlopen_hints;
pub mod dpkg_status;
mod generated;
pub mod interpreter_links;
pub mod ld_so_cache;
pub mod localtime;
pub mod nsswitch;
pub mod openssl_links;
pub mod os_release;
pub mod placement;
mod slice_rules;
pub mod slices;
pub mod sonames;
pub mod users;
pub mod usr_merge;

/// The releases a base is curated for.
pub use crate::deb::DebianRelease as Release;
pub use generated::Generated;

//! The Debian packages of the sandbox that source distributions are built in: a C and C++ compiler, the interpreter with
//! its headers, the tools that builds call, and what the user adds.
//!
//! Unlike an image this is a closure of `Depends`: compilers and `-dev` packages name all they need.

use std::collections::BTreeSet;

use bareboat_packages::deb::{LockedDeb, PackageIndex};
use bareboat_packages::system::base;
use bareboat_packages::system::slices::Slice;

use crate::BuildError;
use crate::app::config::Config;
use crate::app::resolve::debian;
use crate::app::target::Target;

/// The packages for `target`, by name.
///
/// # Errors
/// A package that does not exist, or needs something that does not.
pub(super) fn lock(
    index: &PackageIndex,
    config: &Config,
    target: Target,
) -> Result<Vec<LockedDeb>, BuildError> {
    let mut packages = Vec::new();
    for package in base::packages(target.release, Slice::Full) {
        let record = index.get(package.name).ok_or_else(|| debian::missing(index, package.name))?;
        packages.push(LockedDeb::pin(&record, package.why.to_owned()));
    }
    let known: BTreeSet<String> = packages.iter().map(|package: &LockedDeb| package.name.clone()).collect();
    let mut roots: Vec<String> = TOOLS.iter().map(|name| (*name).to_owned()).collect();
    roots.push(format!("{}-dev", target.python_name()));
    roots.extend(config.build_packages.iter().cloned());
    let exclude = NEVER.iter().map(|name| (*name).to_owned()).collect();
    let closure = index.closure(&roots, &exclude)?;
    let further = closure.packages.iter().filter(|one| !known.contains(&one.record.name));
    packages.extend(further.map(LockedDeb::new));
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

/// What builds call: the compiler, `make`, `pkg-config`, and the programs that every script takes for granted; no package
/// names those it needs, because every Debian system has them (Debian policy 3.8).
const TOOLS: &[&str] = &[
    "gcc",
    "g++",
    "libc6-dev",
    "make",
    "pkg-config",
    "dash",
    "bash",
    "coreutils",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "libc-bin",
    "mawk",
    "patch",
    "perl-base",
    "sed",
    "tar",
];

/// For installing packages and keeping a system, which nobody does here; and what only debugging runs need.
const NEVER: &[&str] = &[
    "adduser",
    "debconf",
    "debconf-2.0",
    "dpkg",
    "init-system-helpers",
    "install-info",
    "libasan8",
    "libhwasan0",
    "liblsan0",
    "libtsan2",
    "libubsan1",
    "sensible-utils",
    "systemd",
    "ucf",
    "udev",
];

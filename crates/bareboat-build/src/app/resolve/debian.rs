//! The Debian side of a lock: the base, what the user adds, and the interpreter's version.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_packages::deb::{
    Archive, ArchiveDate, ArchiveOptions, HostSources, LockedDeb, MirrorSources, Mirrors, PackageIndex,
};
use bareboat_packages::system::{base, busybox};

use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::config::Config;
use crate::app::options::{self, Variant};
use crate::app::target::Target;

/// The mirrors, by precedence: command line, configuration, the host's apt, the public default.
///
/// # Errors
/// An address that is none.
pub fn mirrors(request: &Request<'_>, config: &Config) -> Result<Mirrors, BuildError> {
    let host = HostSources { files: request.surroundings.apt_sources.clone(), mirror_lists: BTreeMap::new() };
    let sources = MirrorSources {
        options: &request.surroundings.mirrors,
        configuration: &config.mirrors,
        host: Some(&host),
    };
    Ok(Mirrors::choose(&sources)?)
}

/// The signed indexes of a release.
///
/// # Errors
/// Unreachable, expired, or with a bad signature.
pub fn open(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    config: &Config,
    target: Target,
) -> Result<Archive, BuildError> {
    let now = ArchiveDate::from(request.surroundings.now);
    let options = ArchiveOptions::new(target.release, target.architecture, mirrors(request, config)?, now);
    Ok(Archive::open(&options, workshop.store, workshop.fetcher)?)
}

/// The upstream version of the release's interpreter: `3.13.5`.
///
/// # Errors
/// The archive has no interpreter.
pub fn python_version(index: &PackageIndex, target: Target) -> Result<String, BuildError> {
    let [interpreter, ..] = target.release.interpreter_packages();
    let record = index.get(&interpreter).ok_or_else(|| missing(index, &interpreter))?;
    let version = record.version.without_epoch().to_owned();
    Ok(version.split(['-', '+', '~']).next().unwrap_or_default().to_owned())
}

/// The packages of the base and those the user adds, with what these need.
///
/// # Errors
/// A package that does not exist, or needs something that does not.
pub fn packages(
    index: &PackageIndex,
    request: &Request<'_>,
    config: &Config,
    target: Target,
) -> Result<Vec<LockedDeb>, BuildError> {
    let slice = options::decisions(request.options, config)?.slice;
    let mut packages = Vec::new();
    for package in base::packages(target.release, slice) {
        let record = index.get(package.name).ok_or_else(|| missing(index, package.name))?;
        packages.push(LockedDeb::pin(&record, package.why.to_owned()));
    }
    let added = &config.packages;
    python_modules(index, config, &mut packages)?;
    if added.is_empty() {
        return Ok(packages);
    }
    let present: BTreeSet<String> = packages.iter().map(|package| package.name.clone()).collect();
    let mut exclude = present.clone();
    exclude.extend(NEVER.iter().map(|name| (*name).to_owned()));
    exclude.retain(|name| present.contains(name) || !added.contains(name));
    // The interpreter is composed from its parts; these would bring it again as a system has it.
    let python = target.python_name();
    exclude.extend([python.clone(), format!("{python}-minimal"), "python3".into(), "python3-minimal".into()]);
    let closure = index.closure(added, &exclude)?;
    packages.extend(
        closure.packages.iter().filter(|one| !present.contains(&one.record.name)).map(LockedDeb::new),
    );
    Ok(packages)
}

/// The tools of the debug variant. A mirror may leave them out as long as nobody asks for that variant.
///
/// # Errors
/// The variant is asked for and the release has not the package.
pub fn tools(index: &PackageIndex, variant: Variant) -> Result<Vec<LockedDeb>, BuildError> {
    match index.get(busybox::PACKAGE) {
        Some(record) => Ok(vec![LockedDeb::pin(&record, "the tools of the debug variant".to_owned())]),
        None if variant == Variant::Debug => Err(missing(index, busybox::PACKAGE)),
        None => Ok(Vec::new()),
    }
}

/// Debian's own Python modules and the modules they need; their shared libraries are found by soname later.
fn python_modules(
    index: &PackageIndex,
    config: &Config,
    packages: &mut Vec<LockedDeb>,
) -> Result<(), BuildError> {
    let roots: Vec<&String> = config.debian_python.values().collect();
    if roots.is_empty() {
        return Ok(());
    }
    let closure = index.closure(&roots, &NEVER.iter().map(|name| (*name).to_owned()).collect())?;
    for selected in &closure.packages {
        let name = &selected.record.name;
        let is_module = name.starts_with("python3-") && name != "python3-minimal" && !name.ends_with("-dev");
        if (is_module || roots.contains(&name)) && !packages.iter().any(|package| package.name == *name) {
            packages.push(LockedDeb::new(selected));
        }
    }
    Ok(())
}

/// What a whole system needs to install and maintain packages, and an image never does.
const NEVER: &[&str] = &[
    "debconf",
    "debconf-2.0",
    "dpkg",
    "install-info",
    "init-system-helpers",
    "perl",
    "perl-base",
    "dash",
    "bash",
    "coreutils",
    "sensible-utils",
    "ucf",
    "adduser",
    "libc-bin",
    "openssl",
    "openssl-provider-legacy",
    "mawk",
];

pub fn missing(index: &PackageIndex, name: &str) -> BuildError {
    BuildError::NoPackage { name: name.to_owned(), close: index.suggest(name) }
}

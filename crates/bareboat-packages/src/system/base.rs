//! The curated base: the packages an interpreted application stands on, per release and slice, each with its reason.
//!
//! It is not a `Depends` closure. Packages name what a whole system needs to install and maintain them (`debconf`,
//! `dpkg`, `awk`); an image is never maintained. What the base leaves out, the proof of the finished image still
//! checks: every library an ELF file wants must resolve. `libstdc++6` is not in it: 24 of the 58 most used native wheels
//! are linked to it, which brings it in; Python is not.

use super::Release;
use super::slices::Slice;

/// A package of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasePackage {
    /// Its name in this release.
    pub name: &'static str,
    /// Its part.
    pub role: Role,
    /// What it is there for.
    pub why: &'static str,
}

/// What part of the base a package belongs to; least-changing layers first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Data without code: certificates, time zones, service names, licences.
    Data,
    /// The C run time, which wheels count on too (`manylinux`).
    Runtime,
    /// The interpreter and its standard library.
    Interpreter,
    /// Libraries that extension modules of the standard library are linked to.
    Library,
}

/// The base without an interpreter: what a static or a C/C++ program needs.
pub fn system_packages(release: Release, slice: Slice) -> Vec<BasePackage> {
    packages(release, slice).into_iter().filter(|package| package.role <= Role::Runtime).collect()
}

/// The whole base with the release's Python, in the order of [`Role`].
pub fn packages(release: Release, slice: Slice) -> Vec<BasePackage> {
    let rows = TABLE.iter().filter_map(|row| row.select(release, slice));
    let mut packages: Vec<_> = rows.collect();
    packages.sort_by_key(|package| package.role);
    packages
}

/// The package with the C library's character set converters, where it is not the C library's own: needed once
/// something imports `iconv_open`.
pub fn converters_package(release: Release) -> Option<&'static str> {
    match release {
        Release::Bookworm | Release::Trixie => None,
        Release::Forky => Some("libc-gconv-modules-extra"),
    }
}

/// Why a dependency of a package is not followed; `None` when it is.
///
/// `package` is the one that depends, `dependency` the one it names.
pub fn dropped_dependency(package: &str, dependency: &str) -> Option<&'static str> {
    let hit = DROPPED
        .iter()
        .find(|row| row.dependency == dependency && (row.package.is_empty() || row.package == package));
    hit.map(|row| row.why)
}

/// A row of the base: names in bookworm, trixie and forky (empty where there is none), the slices, the reason.
struct Row {
    role: Role,
    names: [&'static str; 3],
    web: bool,
    why: &'static str,
}

impl Row {
    fn select(&self, release: Release, slice: Slice) -> Option<BasePackage> {
        let name = match release {
            Release::Bookworm => self.names[0],
            Release::Trixie => self.names[1],
            Release::Forky => self.names[2],
        };
        let wanted = !name.is_empty() && (self.web || slice != Slice::Web);
        wanted.then_some(BasePackage { name, role: self.role, why: self.why })
    }
}

const fn row(role: Role, names: [&'static str; 3], why: &'static str) -> Row {
    Row { role, names, web: true, why }
}

const fn not_in_web(role: Role, names: [&'static str; 3], why: &'static str) -> Row {
    Row { role, names, web: false, why }
}

const fn all(name: &'static str) -> [&'static str; 3] {
    [name; 3]
}

const fn from_trixie(name: &'static str) -> [&'static str; 3] {
    ["", name, name]
}

const fn in_bookworm(name: &'static str) -> [&'static str; 3] {
    [name, "", ""]
}

const fn t64(name: &'static str, later: &'static str) -> [&'static str; 3] {
    [name, later, later]
}

const KERBEROS: &str = "libtirpc3 is linked to Kerberos";

const TABLE: &[Row] = &[
    row(Role::Data, all("base-files"), "directories, os-release, common licences"),
    row(Role::Data, all("ca-certificates"), "the certificate authorities behind TLS"),
    row(Role::Data, all("media-types"), "/etc/mime.types: Python's mimetypes and static file servers"),
    row(Role::Data, all("netbase"), "/etc/services and /etc/protocols: getservbyname"),
    row(Role::Data, all("tzdata"), "time zones: zoneinfo, TZ="),
    row(
        Role::Data,
        from_trixie("tzdata-legacy"),
        "time zone names such as US/Eastern, split off in Debian 13",
    ),
    row(Role::Runtime, all("libc6"), "the C library and its loader"),
    row(Role::Runtime, ["gcc-12-base", "gcc-14-base", "gcc-16-base"], "the licences of libgcc and libstdc++"),
    row(Role::Runtime, all("libgcc-s1"), "unwinding: C++, Rust, thread cancellation"),
    row(
        Role::Interpreter,
        ["python3.11-minimal", "python3.13-minimal", "python3.14-minimal"],
        "the interpreter",
    ),
    row(
        Role::Interpreter,
        ["libpython3.11-minimal", "libpython3.13-minimal", "libpython3.14-minimal"],
        "the part of the standard library without which nothing starts",
    ),
    row(
        Role::Interpreter,
        ["libpython3.11-stdlib", "libpython3.13-stdlib", "libpython3.14-stdlib"],
        "the rest of the standard library",
    ),
    row(
        Role::Interpreter,
        in_bookworm("python3-distutils"),
        "the rest of distutils, which Debian packages on its own and Python 3.12 removed",
    ),
    row(Role::Library, all("libexpat1"), "the interpreter is linked to it: xml"),
    row(Role::Library, all("zlib1g"), "the interpreter is linked to it: zlib, gzip, zip imports"),
    row(Role::Library, t64("libssl3", "libssl3t64"), "ssl, hashlib"),
    row(
        Role::Library,
        from_trixie("libzstd1"),
        "libcrypto is linked to it; Python 3.14 has compression.zstd",
    ),
    row(Role::Library, all("libbz2-1.0"), "bz2"),
    row(Role::Library, all("liblzma5"), "lzma"),
    row(Role::Library, all("libffi8"), "ctypes"),
    row(Role::Library, all("libsqlite3-0"), "sqlite3: Django's default database"),
    row(Role::Library, all("libuuid1"), "uuid"),
    not_in_web(Role::Library, t64("libdb5.3", "libdb5.3t64"), "dbm.ndbm"),
    not_in_web(Role::Library, all("libncursesw6"), "curses"),
    not_in_web(Role::Library, all("libtinfo6"), "curses, readline"),
    not_in_web(Role::Library, t64("libreadline8", "libreadline8t64"), "readline: the interactive prompt"),
    not_in_web(Role::Library, all("readline-common"), "key bindings for readline"),
    not_in_web(Role::Library, in_bookworm("libcrypt1"), "crypt, which left Python in 3.13"),
    not_in_web(Role::Library, in_bookworm("libnsl2"), "nis, which left Python in 3.13"),
    not_in_web(Role::Library, in_bookworm("libtirpc3"), "nis, which left Python in 3.13"),
    not_in_web(Role::Library, in_bookworm("libtirpc-common"), "/etc/netconfig, which libtirpc3 reads"),
    not_in_web(Role::Library, in_bookworm("libgssapi-krb5-2"), KERBEROS),
    not_in_web(Role::Library, in_bookworm("libkrb5-3"), KERBEROS),
    not_in_web(Role::Library, in_bookworm("libk5crypto3"), KERBEROS),
    not_in_web(Role::Library, in_bookworm("libkrb5support0"), KERBEROS),
    not_in_web(Role::Library, in_bookworm("libcom-err2"), KERBEROS),
    not_in_web(Role::Library, in_bookworm("libkeyutils1"), KERBEROS),
];

/// A dependency that is left out on purpose.
struct Dropped {
    /// Only of this package; empty for any.
    package: &'static str,
    dependency: &'static str,
    why: &'static str,
}

const fn dropped(dependency: &'static str, why: &'static str) -> Dropped {
    Dropped { package: "", dependency, why }
}

const fn dropped_of(package: &'static str, dependency: &'static str, why: &'static str) -> Dropped {
    Dropped { package, dependency, why }
}

const INSTALLING: &str = "only maintainer scripts use it, and none runs";
const OWN_PYTHON: &str = "the base has the interpreter; /usr/bin/python3 is made without it";
const SERVICES: &str = "starts services of a whole system; an image runs one program";

const DROPPED: &[Dropped] = &[
    dropped("debconf", INSTALLING),
    dropped("debconf-2.0", INSTALLING),
    dropped("cdebconf", INSTALLING),
    dropped("dpkg", INSTALLING),
    dropped("install-info", INSTALLING),
    dropped("adduser", INSTALLING),
    dropped("ucf", INSTALLING),
    dropped("sensible-utils", INSTALLING),
    dropped_of("base-files", "awk", INSTALLING),
    dropped_of("base-files", "mawk", INSTALLING),
    dropped_of(
        "ca-certificates",
        "openssl",
        "only update-ca-certificates uses it; the bundle is made without it",
    ),
    dropped_of(
        "libssl3t64",
        "openssl-provider-legacy",
        "ciphers that OpenSSL calls legacy; add the package to have them",
    ),
    dropped_of(
        "libc6",
        "libc-gconv-modules-extra",
        "character set converters; added when iconv_open is used",
    ),
    dropped("python3", OWN_PYTHON),
    dropped("python3-minimal", OWN_PYTHON),
    dropped("python3:any", OWN_PYTHON),
    dropped("libpython3-stdlib", OWN_PYTHON),
    dropped("init-system-helpers", SERVICES),
    dropped("lsb-base", SERVICES),
    dropped("sysvinit-utils", SERVICES),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(release: Release, slice: Slice) -> Vec<&'static str> {
        packages(release, slice).iter().map(|package| package.name).collect()
    }

    #[test]
    fn the_measured_lists_hold() {
        assert_eq!(names(Release::Bookworm, Slice::Safe).len(), 35);
        assert_eq!(names(Release::Trixie, Slice::Safe).len(), 26);
        assert_eq!(names(Release::Trixie, Slice::Full), names(Release::Trixie, Slice::Safe));
        assert_eq!(names(Release::Bookworm, Slice::Web).len(), 20);
        assert_eq!(names(Release::Trixie, Slice::Web).len(), 21);
    }

    #[test]
    fn roles_come_in_layer_order_and_names_once() {
        for release in Release::ALL {
            let packages = packages(release, Slice::Full);
            assert!(packages.is_sorted_by_key(|package| package.role));
            let mut names: Vec<_> = packages.iter().map(|package| package.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn names_follow_the_release() {
        assert!(names(Release::Bookworm, Slice::Safe).contains(&"libssl3"));
        assert!(names(Release::Trixie, Slice::Safe).contains(&"libssl3t64"));
        assert!(names(Release::Forky, Slice::Safe).contains(&"python3.14-minimal"));
        assert!(!names(Release::Bookworm, Slice::Safe).contains(&"tzdata-legacy"));
        let without_python = system_packages(Release::Trixie, Slice::Safe);
        assert!(without_python.iter().all(|package| !package.name.contains("python")));
    }

    #[test]
    fn dependencies_of_scripts_are_dropped_with_a_reason() {
        assert!(dropped_dependency("tzdata", "debconf").is_some());
        assert!(dropped_dependency("ca-certificates", "openssl").is_some());
        assert!(dropped_dependency("uwsgi", "openssl").is_none());
        assert!(dropped_dependency("python3-psycopg2", "python3").is_some());
        assert!(dropped_dependency("libpython3.13-stdlib", "libsqlite3-0").is_none());
    }
}

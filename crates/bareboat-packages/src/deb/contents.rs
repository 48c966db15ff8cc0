//! Which package ships a shared library.
//!
//! A table made once from the archive's own `Contents` indexes (see `contents_index`) and kept in the store.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::architecture::Architecture;
use super::packages_index::PackageIndex;
use super::sorted_lines::SortedLines;

/// Where shared libraries are shipped, for one release and architecture.
#[derive(Debug, Clone)]
pub struct Contents {
    architecture: Architecture,
    libraries: SortedLines,
    unsigned: Vec<String>,
}

/// A package that ships a shared library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shipper {
    /// Position of the directory in the loader's search order; `None` when the loader does not look there by
    /// itself.
    pub rank: Option<usize>,
    /// The directory, without leading slash.
    pub directory: String,
    /// Package name.
    pub package: String,
}

/// The package taken for a shared library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryChoice {
    /// The package and where it ships the library.
    pub shipper: Shipper,
    /// Packages that ship it too and were passed over, best first.
    pub passed_over: Vec<Shipper>,
    /// Why this one, for people.
    pub reason: String,
}

impl Contents {
    /// The contents in a table made by [`library_row`]; `unsigned` names the suites whose index did not have
    /// the signed digest.
    pub(super) fn new(architecture: Architecture, libraries: SortedLines, unsigned: Vec<String>) -> Self {
        Self { architecture, libraries, unsigned }
    }

    /// Suites whose `Contents` no mirror had in the signed version, so that another one was read. Which package
    /// to take is then the mirror's word until the package, which is signed for, has been seen to ship the
    /// library. Say so.
    pub fn unsigned_suites(&self) -> &[String] {
        &self.unsigned
    }

    /// Every package that ships a file called `soname` in some library directory: those where the loader looks
    /// first, in its order, then the others; by name within a directory.
    pub fn shippers(&self, soname: &str) -> Vec<Shipper> {
        let directories = self.architecture.library_directories();
        let mut shippers = BTreeSet::new();
        for row in self.libraries.find(soname) {
            let mut columns = row.split('\t').skip(1);
            let (Some(directory), Some(packages)) = (columns.next(), columns.next()) else { continue };
            let rank = directories.iter().position(|known| known == directory);
            for package in packages.split(',') {
                shippers.insert(Shipper {
                    rank,
                    directory: directory.to_owned(),
                    package: package.to_owned(),
                });
            }
        }
        let (found, unfound): (Vec<_>, Vec<_>) =
            shippers.into_iter().partition(|shipper| shipper.rank.is_some());
        found.into_iter().chain(unfound).collect()
    }

    /// Names of the packages that ship `soname` where the loader looks for it, in its order.
    pub fn packages_shipping(&self, soname: &str) -> Vec<String> {
        let shippers = self.shippers(soname).into_iter().filter(|shipper| shipper.rank.is_some());
        let mut names = Vec::new();
        for shipper in shippers {
            if !names.contains(&shipper.package) {
                names.push(shipper.package);
            }
        }
        names
    }

    /// Which package to take for `soname`; `None` when no package of `index` ships it.
    ///
    /// Directories the loader searches come before others (where a library waits for an alternatives link);
    /// between packages of one directory the one that most packages need comes first, then the first by name.
    pub fn choose(&self, soname: &str, index: &PackageIndex) -> Option<LibraryChoice> {
        let mut shippers = self.shippers(soname);
        shippers.retain(|shipper| index.contains(&shipper.package));
        if shippers.len() > 1 {
            shippers.sort_by_cached_key(|shipper| {
                let directory = shipper.rank.unwrap_or(usize::MAX);
                (directory, Reverse(index.dependents(&shipper.package)), shipper.package.clone())
            });
        }
        let mut shippers = shippers.into_iter();
        let shipper = shippers.next()?;
        let passed_over: Vec<_> = shippers.filter(|other| other.package != shipper.package).collect();
        let reason = reason(soname, &shipper, passed_over.first(), index);
        Some(LibraryChoice { shipper, passed_over, reason })
    }
}

/// Why `shipper` and not the next best.
fn reason(soname: &str, shipper: &Shipper, next: Option<&Shipper>, index: &PackageIndex) -> String {
    let directory = match shipper.rank {
        Some(_) => format!("`{}`", shipper.directory),
        None => format!("`{}`, which the loader does not search by itself", shipper.directory),
    };
    let Some(next) = next else { return format!("alone in shipping `{soname}`, in {directory}") };
    let ships = format!("ships `{soname}` in {directory}");
    if next.rank != shipper.rank {
        return format!("{ships}, which is searched before `{}` of `{}`", next.directory, next.package);
    }
    let needed = [shipper, next].map(|shipper| index.dependents(&shipper.package));
    if needed[0] > needed[1] {
        return format!("{ships}; needed by {} packages, `{}` by {}", needed[0], next.package, needed[1]);
    }
    format!("{ships}; before `{}` by name", next.package)
}

/// The table's row for a line of an index, if it is a shared library's.
pub(super) fn library_row(path: &str, packages: &str) -> Option<String> {
    let (directory, name) = path.rsplit_once('/')?;
    let top = directory.strip_prefix("usr/").unwrap_or(directory);
    let in_libraries =
        ["lib", "lib64"].contains(&top) || top.starts_with("lib/") || top.starts_with("lib64/");
    let is_library = name.starts_with("lib") || name.starts_with("ld-");
    if !in_libraries || !is_library || !has_library_ending(name) {
        return None;
    }
    if directory.split('/').any(|part| part == "debug" || part.starts_with("python")) {
        return None;
    }
    let packages: Vec<&str> = package_names(packages).filter(|package| !is_for_building(package)).collect();
    (!packages.is_empty()).then(|| format!("{name}\t{directory}\t{}", packages.join(",")))
}

/// True for `libz.so` and `libz.so.1.2`.
fn has_library_ending(name: &str) -> bool {
    memchr::memmem::find(name.as_bytes(), b".so")
        .is_some_and(|at| matches!(name.as_bytes().get(at + 3), None | Some(b'.')))
}

/// True for packages that ship libraries to link or debug with, or for other architectures.
fn is_for_building(package: &str) -> bool {
    ["-dev", "-dbg", "-dbgsym"].iter().any(|ending| package.ends_with(ending)) || package.contains("-cross")
}

/// `libs/libgl1,oldlibs/libx` names packages, each with its section before it.
pub(super) fn package_names(packages: &str) -> impl Iterator<Item = &str> {
    packages.split(',').filter_map(|package| package.rsplit('/').next()).filter(|name| !name.is_empty())
}

/// First line of the table; the number changes with its form.
pub(super) const HEADING: &str = "bareboat debian libraries 1";

#[cfg(test)]
mod tests {
    use super::super::packages_index::tests::index;
    use super::*;

    fn contents(lines: &[&str]) -> Contents {
        let rows = lines.iter().filter_map(|line| {
            let (path, packages) = line.split_once(' ').unwrap();
            library_row(path, packages)
        });
        let text = SortedLines::write(HEADING, rows.collect());
        let libraries = SortedLines::open(text, HEADING).unwrap();
        Contents::new(Architecture::Amd64, libraries, Vec::new())
    }

    const LIBRARIES: [&str; 12] = [
        "usr/lib/x86_64-linux-gnu/libGL.so.1 libs/libgl1",
        "usr/lib/x86_64-linux-gnu/gl4es/libGL.so.1 libs/libgl4es0",
        "usr/lib/debug/lib/libGL.so.1 debug/libgl1-dbg",
        "usr/lib/x86_64-linux-gnu/libGL.so libdevel/libgl-dev",
        "usr/lib/x86_64-linux-gnu/libav.so.61 libs/libav-extra61,libs/libav61",
        "usr/lib/x86_64-linux-gnu/blas/libblas.so.3 libs/libblas3",
        "usr/lib/x86_64-linux-gnu/atlas/libblas.so.3 libs/libatlas3",
        "usr/aarch64-linux-gnu/lib/libGL.so.1 libs/libgl1-arm64-cross",
        "usr/lib/python3/dist-packages/libx.so.1 python/python3-x",
        "usr/bin/libodd.so.1 libs/libodd",
        "lib/x86_64-linux-gnu/libz.so.1 libs/zlib1g",
        "usr/lib/libz.so.1 libs/zlib-old",
    ];

    #[test]
    fn lists_packages_in_the_order_the_loader_searches() {
        let contents = contents(&LIBRARIES);
        assert_eq!(contents.packages_shipping("libGL.so.1"), ["libgl1"]);
        assert_eq!(contents.packages_shipping("libz.so.1"), ["zlib1g", "zlib-old"]);
        for absent in ["libGL.so", "libx.so.1", "libodd.so.1", "libblas.so.3", "libGL"] {
            assert_eq!(contents.packages_shipping(absent), Vec::<String>::new(), "{absent}");
        }
        assert_eq!(contents.shippers("libblas.so.3").len(), 2);
    }

    #[test]
    fn chooses_with_a_reason() {
        let index = index([
            &[
                "libgl1 1",
                "libgl4es0 1",
                "libav61 1",
                "libav-extra61 1",
                "vlc 1 | Depends: libav61 / libav-extra61",
                "libblas3 1",
                "numpy 1 | Depends: libblas3 / libatlas3",
                "libatlas3 1",
            ],
            &[],
            &[],
        ]);
        let contents = contents(&LIBRARIES);
        let chosen =
            |soname| contents.choose(soname, &index).map(|choice| (choice.shipper.package, choice.reason));
        let expect = |package: &str, reason: &str| Some((package.to_owned(), reason.to_owned()));
        assert_eq!(
            chosen("libGL.so.1"),
            expect(
                "libgl1",
                "ships `libGL.so.1` in `usr/lib/x86_64-linux-gnu`, which is searched before \
                 `usr/lib/x86_64-linux-gnu/gl4es` of `libgl4es0`"
            )
        );
        assert_eq!(
            chosen("libav.so.61"),
            expect(
                "libav61",
                "ships `libav.so.61` in `usr/lib/x86_64-linux-gnu`; needed by 1 packages, `libav-extra61` by 0"
            )
        );
        assert_eq!(
            chosen("libblas.so.3"),
            expect(
                "libblas3",
                "ships `libblas.so.3` in `usr/lib/x86_64-linux-gnu/blas`, which the loader does not search by \
                 itself; needed by 1 packages, `libatlas3` by 0"
            )
        );
        assert_eq!(chosen("libz.so.1"), None);
    }

    #[test]
    fn knows_library_names() {
        for name in ["libz.so", "libz.so.1", "libfoo.sonic.so.2"] {
            assert_eq!(has_library_ending(name), name != "libfoo.sonic.so.2", "{name}");
        }
        assert!(!has_library_ending("libz.a") && !has_library_ending("libz.sophia"));
    }
}

//! `/etc/ld.so.cache`: the loader's list of libraries, written as `ldconfig` of the same glibc would write it.
//!
//! The format is glibc's `glibc-ld.so.cache1.1`; there is no specification but the files themselves. The output is
//! compared byte by byte with Debian's own `ldconfig` (2.36 and 2.41) on composed roots. Everything is little-endian.

mod order;
mod read;
mod scan;
mod write;

use std::collections::BTreeMap;

use bareboat_image::{Tree, TreePath};

use super::Generated;
use crate::deb::Architecture;
use crate::elf::ElfFacts;

pub use read::{CacheError, CachedLibrary, parse, plain_paths};

/// The cache's path.
pub const PATH: &str = "etc/ld.so.cache";

/// The cache for `tree`, whose ELF files are `elf`.
///
/// `libc_version` is the Debian version of the package `libc6`: the cache records which `ldconfig` wrote it. `None`
/// leaves that out, which no loader minds.
pub fn write(
    tree: &Tree,
    elf: &BTreeMap<&TreePath, &ElfFacts>,
    architecture: Architecture,
    libc_version: Option<&str>,
) -> Vec<u8> {
    let libraries = scan::libraries(tree, elf, architecture);
    write::write(&libraries, architecture, &libc_version.map(generator).unwrap_or_default())
}

/// Soname links that `ldconfig` would make while it scans: packages ship theirs, hand-copied libraries may not.
pub fn soname_links(
    tree: &Tree,
    elf: &BTreeMap<&TreePath, &ElfFacts>,
    architecture: Architecture,
) -> Vec<Generated> {
    const BECAUSE: &str = "the name under which programs ask for the library (ldconfig)";
    let libraries = scan::libraries(tree, elf, architecture);
    let plain = libraries.iter().filter(|library| library.hwcaps.is_none() && library.is_soname_usable());
    let absent = plain.filter(|library| {
        let path = TreePath::new(&library.path);
        library.file_name != library.name && path.is_ok_and(|path| tree.resolve(&path).is_none())
    });
    absent.map(|library| Generated::symlink(&library.path, &library.file_name, BECAUSE)).collect()
}

/// The directories `ldconfig` looks in, first to last, as Debian configures it: `/usr/local` (libc-bin), the multiarch
/// ones (libc6), then those built in. Two names of one directory count once, under the first.
pub fn directories(architecture: Architecture) -> [String; 6] {
    let triplet = architecture.triplet();
    [
        "/usr/local/lib".to_owned(),
        format!("/usr/local/lib/{triplet}"),
        format!("/lib/{triplet}"),
        format!("/usr/lib/{triplet}"),
        "/lib".to_owned(),
        "/usr/lib".to_owned(),
    ]
}

/// What Debian's `ldconfig` calls itself in the caches it writes.
fn generator(libc_version: &str) -> String {
    let upstream = libc_version.rsplit_once('-').map_or(libc_version, |(upstream, _)| upstream);
    format!("ldconfig (Debian GLIBC {libc_version}) stable release version {upstream}")
}

/// `flags` of an entry: a glibc 2 library for the architecture's 64-bit ABI.
fn flags(architecture: Architecture) -> u32 {
    match architecture {
        Architecture::Amd64 => 0x0303,
        Architecture::Arm64 => 0x0a03,
    }
}

const MAGIC: &[u8; 20] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;
const LITTLE_ENDIAN: u8 = 2;
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
const TAG_GENERATOR: u32 = 0;
const TAG_HWCAPS: u32 = 1;
/// Bit of an entry's `hwcap` that says: the low half is an index into the list of `glibc-hwcaps` names.
const HWCAPS_BIT: u64 = 1 << 62;

#[cfg(test)]
mod tests;

//! Lays the cache out in bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::Library;
use super::{
    ENTRY, EXTENSION_MAGIC, HEADER, HWCAPS_BIT, LITTLE_ENDIAN, MAGIC, TAG_GENERATOR, TAG_HWCAPS, flags,
};
use crate::deb::Architecture;

/// Header, entries, strings, extensions.
pub(super) fn write(libraries: &[Library], architecture: Architecture, generator: &str) -> Vec<u8> {
    let hwcaps: BTreeSet<&str> = libraries.iter().filter_map(|library| library.hwcaps.as_deref()).collect();
    let names = libraries.iter().flat_map(|library| [library.name.as_str(), library.path.as_str()]);
    let strings = Strings::new(names.chain(hwcaps.iter().copied()), HEADER + ENTRY * libraries.len());
    let extension = strings.end().next_multiple_of(4);

    let mut out = MAGIC.to_vec();
    put(&mut out, libraries.len());
    put(&mut out, strings.bytes.len());
    out.extend([LITTLE_ENDIAN, 0, 0, 0]);
    put(&mut out, extension);
    out.resize(HEADER, 0);
    for library in libraries {
        out.extend(flags(architecture).to_le_bytes());
        put(&mut out, strings.offset(&library.name));
        put(&mut out, strings.offset(&library.path));
        put(&mut out, 0);
        let index = library.hwcaps.as_deref().and_then(|name| hwcaps.iter().position(|known| *known == name));
        let hwcap = index.map_or(0, |index| HWCAPS_BIT | u64::from(library.isa_level) << 32 | index as u64);
        out.extend(hwcap.to_le_bytes());
    }
    out.extend(&strings.bytes);
    out.resize(extension, 0);
    extensions(&mut out, &hwcaps, &strings, generator);
    out
}

/// The generator's name and, where there are any, the list of `glibc-hwcaps` names.
fn extensions(out: &mut Vec<u8>, hwcaps: &BTreeSet<&str>, strings: &Strings<'_>, generator: &str) {
    let sections = 1 + usize::from(!hwcaps.is_empty());
    let hwcaps_at = out.len() + 8 + 16 * sections;
    let hwcaps_size = 4 * hwcaps.len();
    out.extend(EXTENSION_MAGIC.to_le_bytes());
    put(out, sections);
    let mut section = |tag: u32, offset: usize, size: usize| {
        out.extend(tag.to_le_bytes());
        put(out, 0);
        put(out, offset);
        put(out, size);
    };
    section(TAG_GENERATOR, hwcaps_at + hwcaps_size, generator.len());
    if !hwcaps.is_empty() {
        section(TAG_HWCAPS, hwcaps_at, hwcaps_size);
    }
    for name in hwcaps {
        put(out, strings.offset(name));
    }
    out.extend(generator.as_bytes());
}

/// Every string once, longest tail first, so that `libz.so.1` is the tail of `/lib/…/libz.so.1`.
struct Strings<'a> {
    bytes: Vec<u8>,
    offsets: BTreeMap<&'a str, usize>,
    start: usize,
}

impl<'a> Strings<'a> {
    fn new(strings: impl Iterator<Item = &'a str>, start: usize) -> Self {
        let unique: BTreeSet<&str> = strings.collect();
        let mut sorted: Vec<&str> = unique.into_iter().collect();
        sorted.sort_by(|left, right| right.bytes().rev().cmp(left.bytes().rev()));
        let mut table = Self { bytes: Vec::new(), offsets: BTreeMap::new(), start };
        let mut previous = ("", 0);
        for string in sorted {
            let offset = match previous.0.ends_with(string) {
                true => previous.1 + previous.0.len() - string.len(),
                false => {
                    let offset = table.bytes.len();
                    table.bytes.extend(string.as_bytes());
                    table.bytes.push(0);
                    offset
                }
            };
            table.offsets.insert(string, offset);
            previous = (string, offset);
        }
        table
    }

    /// From the start of the file.
    fn offset(&self, string: &str) -> usize {
        self.start + self.offsets.get(string).copied().unwrap_or_default()
    }

    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// A tree with 4 GiB of library names does not exist; its cache would be wrong, not unsafe.
fn put(out: &mut Vec<u8>, number: usize) {
    out.extend((number as u32).to_le_bytes());
}

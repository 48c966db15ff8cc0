//! Which of a few watched functions a file imports, without loading its symbol table.
//!
//! First the string table is searched for the names; only when one is there, which is rare, the undefined symbols
//! are read. Both pass through a small window, so a library of a gigabyte costs no more memory than a small one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use memchr::memmem;

use super::ElfError;
use super::parse::{Dynamic, File};

/// The functions watched for.
const WATCHED: [&str; 2] = ["iconv_open", "dlopen"];

const STEP: usize = 8 << 10;
/// Beyond this the answer is "none found": no library exports as many names, and the search must end.
const MOST_BYTES: u64 = 256 << 20;
const MOST_SYMBOLS: u64 = 4 << 20;
const SHN_UNDEF: u16 = 0;

/// The names of [`WATCHED`] that stand among the undefined symbols.
pub(super) fn watched<R: Read + Seek>(
    file: &mut File<R>,
    dynamic: &Dynamic,
) -> Result<BTreeSet<&'static str>, ElfError> {
    let candidates = candidates(file, dynamic)?;
    let mut found = BTreeSet::new();
    if candidates.is_empty() {
        return Ok(found);
    }
    let count = possibly_undefined(file, dynamic)?.min(MOST_SYMBOLS);
    let start = match count {
        0 => return Ok(found),
        _ => file.offset(dynamic.symbols, "the symbol table")?,
    };
    let (size, section_at) = if file.shape.wide { (24, 6) } else { (16, 14) };
    for index in 0..count {
        let offset = start.saturating_add(index * size);
        if offset >= file.source.length() {
            break;
        }
        let symbol = file.source.bytes(offset, size as usize)?;
        let (name, section) = (file.shape.int(symbol, 0), file.shape.half(symbol, section_at));
        if section == SHN_UNDEF
            && let Some(function) = candidates.get(&u64::from(name))
        {
            found.insert(*function);
        }
    }
    Ok(found)
}

/// Offsets in the string table where a watched name ends a string; the linker may share tails between names.
fn candidates<R: Read + Seek>(
    file: &mut File<R>,
    dynamic: &Dynamic,
) -> Result<BTreeMap<u64, &'static str>, ElfError> {
    let mut candidates = BTreeMap::new();
    if dynamic.strings_size == 0 {
        return Ok(candidates);
    }
    let start = file.offset(dynamic.strings, "the string table")?;
    let size = dynamic.strings_size.min(MOST_BYTES).min(file.source.length().saturating_sub(start));
    let needles = WATCHED.map(|name| (name, [name.as_bytes(), b"\0"].concat()));
    let longest = needles.iter().map(|(_, needle)| needle.len()).max().unwrap_or(0);
    let mut at = 0;
    while at < size {
        // Windows overlap by a name's length, so that none is missed at a seam.
        let bytes = file.source.some(start + at, STEP + longest)?;
        let most = usize::try_from(size - at).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(STEP + longest).min(most)];
        for (name, needle) in &needles {
            for hit in memmem::find_iter(bytes, needle) {
                candidates.insert(at + hit as u64, *name);
            }
        }
        at += STEP as u64;
    }
    Ok(candidates)
}

/// How many symbols from the start of the table can be undefined: with a GNU hash table, those before the first hashed
/// one; GNU ld writes 1 where it hashes none, then the table reaches to the strings that follow it.
fn possibly_undefined<R: Read + Seek>(file: &mut File<R>, dynamic: &Dynamic) -> Result<u64, ElfError> {
    let table = match (dynamic.gnu_hash, dynamic.hash) {
        (Some(table), _) | (None, Some(table)) => table,
        (None, None) => return Ok(0),
    };
    let offset = file.offset(table, "the hash table")?;
    let header = file.source.bytes(offset, 8)?;
    let count = u64::from(file.shape.int(header, 4));
    let size = if file.shape.wide { 24 } else { 16 };
    Ok(match count {
        0 | 1 => dynamic.strings.saturating_sub(dynamic.symbols) / size,
        _ => count,
    })
}

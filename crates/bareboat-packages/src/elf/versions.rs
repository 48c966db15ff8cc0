//! Symbol versions wanted and defined (Linux Standard Base, "Symbol Versioning").

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use super::ElfError;
use super::parse::{Dynamic, File};

/// No real file comes near: glibc defines about fifty versions, needs come from a dozen libraries.
const MOST_RECORDS: usize = 4096;
const VER_FLG_BASE: u16 = 1;
const VER_FLG_WEAK: u16 = 2;

/// Versions wanted, by library. Both record kinds are laid out alike for both word sizes.
pub(super) fn needs<R: Read + Seek>(
    file: &mut File<R>,
    dynamic: &Dynamic,
) -> Result<BTreeMap<String, BTreeSet<String>>, ElfError> {
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(table) = dynamic.version_needs else {
        return Ok(needs);
    };
    let mut budget = MOST_RECORDS;
    let mut at = file.offset(table, "the version needs")?;
    loop {
        spend(&mut budget)?;
        let record = file.source.bytes(at, 16)?;
        let shape = file.shape;
        let (count, library) = (shape.half(record, 2), shape.int(record, 4));
        let (first, next) = (shape.int(record, 8), shape.int(record, 12));
        let library = file.name(dynamic, library.into())?;
        let versions = needs.entry(library).or_default();
        let mut auxiliary = at.saturating_add(first.into());
        for _ in 0..count {
            spend(&mut budget)?;
            let record = file.source.bytes(auxiliary, 16)?;
            let (flags, name) = (shape.half(record, 4), shape.int(record, 8));
            let next = shape.int(record, 12);
            if flags & VER_FLG_WEAK == 0 {
                versions.insert(file.name(dynamic, name.into())?);
            }
            if next == 0 {
                break;
            }
            auxiliary = auxiliary.saturating_add(next.into());
        }
        if next == 0 {
            needs.retain(|_, versions| !versions.is_empty());
            return Ok(needs);
        }
        at = at.saturating_add(next.into());
    }
}

/// Versions defined, without the base definition, whose name is the library's own.
pub(super) fn definitions<R: Read + Seek>(
    file: &mut File<R>,
    dynamic: &Dynamic,
) -> Result<BTreeSet<String>, ElfError> {
    let mut definitions = BTreeSet::new();
    let Some(table) = dynamic.version_definitions else {
        return Ok(definitions);
    };
    let mut budget = MOST_RECORDS;
    let mut at = file.offset(table, "the version definitions")?;
    loop {
        spend(&mut budget)?;
        let record = file.source.bytes(at, 20)?;
        let shape = file.shape;
        let flags = shape.half(record, 2);
        let (first, next) = (shape.int(record, 12), shape.int(record, 16));
        if flags & VER_FLG_BASE == 0 {
            // The first auxiliary record names the version, further ones its parents.
            let auxiliary = file.source.bytes(at.saturating_add(first.into()), 8)?;
            let name = shape.int(auxiliary, 0);
            definitions.insert(file.name(dynamic, name.into())?);
        }
        if next == 0 {
            return Ok(definitions);
        }
        at = at.saturating_add(next.into());
    }
}

fn spend(budget: &mut usize) -> Result<(), ElfError> {
    *budget = budget.checked_sub(1).ok_or(ElfError::TooMany { what: "symbol versions" })?;
    Ok(())
}

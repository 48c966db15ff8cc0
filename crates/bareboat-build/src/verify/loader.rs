//! What the dynamic loader would make of a composition, file by file: the rules are [`bareboat_packages::elf::loader`]'s.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Kind, TreePath};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::elf::loader::{CLibrary, Finding, LoadReport, Loader, default_directories};
use bareboat_packages::system::{ld_so_cache, sonames};
use bareboat_store::Store;

use super::{Finding as Fault, Proof};
use crate::BuildError;
use crate::app::compose::Composition;
use crate::app::lock::Locked;
use crate::app::target::Target;
use crate::event::{Event, Observer};
use crate::plan::Origin;

/// Loads every ELF file of a composition. `library_path` is the image's `LD_LIBRARY_PATH`, unsplit.
///
/// # Errors
/// The loader cache cannot be read back.
pub fn load(
    composition: &Composition,
    locked: &Locked,
    target: Target,
    library_path: &str,
    store: &Store,
) -> Result<LoadReport, BuildError> {
    let elf = composition.elf();
    let loader = Loader {
        tree: &composition.merged.tree,
        elf: &elf,
        architecture: target.architecture,
        glibc: target.release.glibc(),
        libc: CLibrary::Glibc,
        directories: default_directories(target.architecture).into(),
        library_path: library_path
            .split([':', ';'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        cache: cache(composition, store)?,
        host: TreePath::new(format!("usr/bin/{}", target.python_name())).ok(),
        along: along(composition, locked),
    };
    Ok(loader.check())
}

/// The loader cache as it stands in the image, byte for byte.
fn cache(composition: &Composition, store: &Store) -> Result<BTreeMap<String, String>, BuildError> {
    const LARGEST: u64 = 16 << 20;
    let entry = TreePath::new(ld_so_cache::PATH).ok().and_then(|path| composition.merged.tree.get(&path));
    let Some(Kind::File { digest, .. }) = entry.map(|entry| &entry.kind) else {
        return Ok(BTreeMap::new());
    };
    let libraries = ld_so_cache::parse(&store.read(digest, LARGEST)?)
        .map_err(|error| BuildError::Generated { reason: error.to_string() })?;
    Ok(ld_so_cache::plain_paths(&libraries))
}

/// Files of packages that are there for a few of their libraries, without Python's modules, which anything may import.
fn along(composition: &Composition, locked: &Locked) -> BTreeSet<TreePath> {
    let packages: BTreeSet<&str> = locked
        .packages
        .iter()
        .filter(|package| !package.sonames.is_empty())
        .map(|package| package.name.as_str())
        .collect();
    let came_along = |path: &TreePath| match composition.origin(path) {
        Some(Origin::Debian { name, .. }) => packages.contains(name.as_str()) && !is_in_python(path),
        _ => false,
    };
    composition.elf().keys().filter(|path| came_along(path)).map(|path| (*path).clone()).collect()
}

fn is_in_python(path: &TreePath) -> bool {
    path.components().any(|component| component == b"dist-packages" || component == b"lib-dynload")
}

/// Turns a report into numbers, errors, and notes about what cannot be proved.
pub(super) fn judge(
    report: &LoadReport,
    composition: &Composition,
    target: Target,
    observer: &Observer,
    proof: &mut Proof,
    faults: &mut Vec<Fault>,
) {
    let elf = composition.elf();
    proof.unknown_elf_files = report.findings.len();
    proof.elf_files = elf.len() - report.findings.len();
    for (path, findings) in &report.findings {
        for finding in findings {
            if finding.is_uncertain() {
                observer(Event::Decision { text: format!("{path} is unknown: it {finding}") });
            } else if is_data(composition, path, elf[path], finding) {
                let text = format!("{path} {finding}; taken as data of its distribution");
                observer(Event::Decision { text });
            } else {
                let (what, hint) = (what(finding), hint(finding, target));
                faults.push(Fault { path: path.clone(), what, hint });
            }
        }
    }
}

/// A wheel may carry programs, and libraries for other systems, that nothing here loads: its own code chooses among them.
fn is_data(composition: &Composition, path: &TreePath, facts: &ElfFacts, finding: &Finding) -> bool {
    let Some(&owner) = composition.merged.owner.get(path) else { return false };
    let Some(wheel) = &composition.pieces[owner].python else { return false };
    let is_musl = facts.interpreter.as_deref().is_some_and(|loader| loader.contains("ld-musl"))
        || facts.needed.iter().any(|needed| needed.starts_with("libc.musl-"));
    // A wheel for any platform brings files for several, and never needs those of another.
    let is_foreign = matches!(finding, Finding::WrongMachine { .. })
        && !wheel.tags.is_empty()
        && wheel.tags.iter().all(|tag| tag.ends_with("-any"));
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    let is_library = name.ends_with(".so") || name.contains(".so.");
    is_musl || is_foreign || !is_library
}

fn what(finding: &Finding) -> String {
    match finding {
        Finding::MissingLibrary { searched, .. } if !searched.is_empty() => {
            format!("{finding}; the loader looks in {}", searched.join(", "))
        }
        _ => finding.to_string(),
    }
}

/// What to do about it.
fn hint(finding: &Finding, target: Target) -> String {
    if let Some(hint) = finding.hint() {
        return hint;
    }
    match finding {
        Finding::MissingLibrary { elsewhere, .. } if !elsewhere.is_empty() => {
            let directory = elsewhere[0].parent().unwrap_or_default();
            format!("set `LD_LIBRARY_PATH = \"{directory}\"` under `[env]` in `bareboat.toml`")
        }
        Finding::MissingLibrary { soname, .. } => match sonames::package(soname, target.release) {
            Some(package) => format!("add `{package}` to `packages` in `bareboat.toml`"),
            None => format!("add the Debian package that ships `{soname}` to `packages` in `bareboat.toml`"),
        },
        Finding::MissingInterpreter { .. } => {
            format!("use one built for Debian {}: its loader is another system's", target.release.number())
        }
        Finding::WrongMachine { wanted, .. } => format!("use one built for {wanted}"),
        _ => "choose another version of it, or another Debian release".to_owned(),
    }
}

#[cfg(test)]
mod tests;

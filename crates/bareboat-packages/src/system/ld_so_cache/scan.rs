//! Which libraries of a tree the cache lists, and under which names.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Kind, Tree, TreePath};

use super::directories;
use super::order::compare_names;
use crate::deb::Architecture;
use crate::elf::{ElfFacts, ElfKind};

/// One line of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Library {
    /// What programs ask for: the soname, or the name of a development link.
    pub name: String,
    /// Where the loader finds it, absolute, through the directory's configured name.
    pub path: String,
    /// The file's own name in that directory.
    pub file_name: String,
    /// The `glibc-hwcaps` subdirectory it lies in.
    pub hwcaps: Option<String>,
    /// The x86-64 level it needs; recorded only with `hwcaps`.
    pub isa_level: u8,
}

impl Library {
    /// False for a soname with a slash, which is hostile or broken: no link is made for it.
    pub(super) fn is_soname_usable(&self) -> bool {
        !self.name.contains('/')
    }
}

/// The libraries in the order of the cache.
pub(super) fn libraries(
    tree: &Tree,
    elf: &BTreeMap<&TreePath, &ElfFacts>,
    architecture: Architecture,
) -> Vec<Library> {
    let scan = Scan { tree, elf, architecture };
    let mut seen = BTreeSet::new();
    let mut libraries = Vec::new();
    for directory in directories(architecture) {
        let real = TreePath::new(&directory).ok().and_then(|path| tree.resolve(&path));
        let Some(real) = real.filter(|real| seen.insert(real.clone())) else { continue };
        let (files, hwcaps) = scan.listing(&real);
        scan.directory(&directory, &real, &files, None, &mut libraries);
        for (name, files) in hwcaps {
            let Ok(real) = real.join(format!("glibc-hwcaps/{name}")) else { continue };
            let directory = format!("{directory}/glibc-hwcaps/{name}");
            scan.directory(&directory, &real, &files, Some(&name), &mut libraries);
        }
    }
    // Stable: what is found first stays first where all else is equal.
    libraries.sort_by(compare);
    libraries
}

/// Names descend; libraries for better processors come before the plain one, by directory name.
fn compare(left: &Library, right: &Library) -> Ordering {
    let for_processors = |library: &Library| (library.hwcaps.is_none(), library.hwcaps.clone());
    compare_names(&right.name, &left.name).then_with(|| for_processors(left).cmp(&for_processors(right)))
}

struct Scan<'a> {
    tree: &'a Tree,
    elf: &'a BTreeMap<&'a TreePath, &'a ElfFacts>,
    architecture: Architecture,
}

impl Scan<'_> {
    /// Names directly in `directory`, and names in its `glibc-hwcaps` subdirectories.
    fn listing(&self, directory: &TreePath) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
        let mut files = Vec::new();
        let mut hwcaps: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, _) in self.tree.below(directory) {
            let Some(Ok(inner)) =
                path.strip_prefix(directory).map(|inner| String::from_utf8(inner.as_bytes().into()))
            else {
                continue;
            };
            let mut parts = inner.split('/');
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(name), None, ..) => files.push(name.to_owned()),
                (Some("glibc-hwcaps"), Some(level), Some(name), None) => {
                    hwcaps.entry(level.to_owned()).or_default().push(name.to_owned());
                }
                _ => {}
            }
        }
        (files, hwcaps)
    }

    fn directory(
        &self,
        directory: &str,
        real: &TreePath,
        files: &[String],
        hwcaps: Option<&str>,
        libraries: &mut Vec<Library>,
    ) {
        // Of several files with one soname the one with the highest name counts.
        let mut best: BTreeMap<String, (&str, u8)> = BTreeMap::new();
        for file in files.iter().filter(|file| is_library_name(file)) {
            let Some((name, isa_level)) = self.library(real, file) else { continue };
            let known = best.entry(name).or_insert((file, isa_level));
            if compare_names(known.0, file) == Ordering::Less {
                *known = (file, isa_level);
            }
        }
        for (name, (file_name, isa_level)) in best {
            let in_path = if hwcaps.is_some() { file_name } else { &name };
            libraries.push(Library {
                path: format!("{directory}/{in_path}"),
                file_name: file_name.to_owned(),
                hwcaps: hwcaps.map(str::to_owned),
                isa_level,
                name,
            });
        }
    }

    /// The name under which a file is listed, and the level it needs; `None` for what is no library of ours.
    fn library(&self, directory: &TreePath, file: &str) -> Option<(String, u8)> {
        let path = directory.join(file).ok()?;
        let facts = self.facts(&path)?;
        let soname = facts.soname.clone().unwrap_or_else(|| file.to_owned());
        let is_link = self.tree.get(&path).is_some_and(|entry| matches!(entry.kind, Kind::Symlink { .. }));
        // `libz.so` -> `libz.so.1`: the link that compilers use keeps a line of its own.
        let is_development_link = is_link && file.ends_with(".so") && soname.starts_with(file);
        Some((if is_development_link { file.to_owned() } else { soname }, facts.x86_isa_level))
    }

    fn facts(&self, path: &TreePath) -> Option<&ElfFacts> {
        let mut real = self.tree.resolve(path)?;
        if let Some(Kind::HardLink { target }) = self.tree.get(&real).map(|entry| &entry.kind) {
            real = target.clone();
        }
        let facts = self.elf.get(&real)?;
        let loadable = matches!(facts.kind, ElfKind::SharedObject | ElfKind::PieExecutable);
        (loadable && facts.is_for(self.architecture)).then_some(*facts)
    }
}

/// Which file names `ldconfig` opens at all; what dpkg leaves behind in mid-upgrade is not among them.
fn is_library_name(name: &str) -> bool {
    let prefixes = ["lib", "ld-", "ld.so."];
    let temporary = [".dpkg-new", ".dpkg-tmp"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        && name.contains(".so")
        && !temporary.iter().any(|suffix| name.ends_with(suffix))
}

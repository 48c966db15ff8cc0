//! Which modules of the standard library get bytecode: those that nearly every program loads, in the interpreter's
//! layer, and those that this application's imports reach beyond them, in a layer of its own.
//!
//! The rest has none. It still works, a little slower; all of it would be bytes to pull that nobody reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bareboat_image::TreePath;
use bareboat_packages::bytecode::CORE_MODULES;

use crate::op::sources::standard_module;
use crate::piece::Piece;

/// Sources of the standard library, by where their bytecode goes.
pub struct Chosen {
    /// What every image of the release has.
    pub core: BTreeSet<TreePath>,
    /// What this application imports beyond it.
    pub extra: BTreeSet<TreePath>,
}

/// Follows the imports of everything in `pieces`.
pub fn choose(pieces: &[Arc<Piece>]) -> Chosen {
    let mut modules: BTreeMap<String, (&TreePath, &BTreeSet<String>)> = BTreeMap::new();
    for (path, names) in pieces.iter().flat_map(|piece| &piece.imports.standard) {
        if let Some(module) = standard_module(&path.to_str_lossy()) {
            modules.insert(module, (path, names));
        }
    }
    let core = reached(&modules, CORE_MODULES.iter().copied());
    let others = pieces.iter().flat_map(|piece| &piece.imports.others);
    let extra = reached(&modules, others.map(String::as_str));
    Chosen { extra: extra.difference(&core).cloned().collect(), core }
}

/// The sources that importing `roots` loads: each module with the packages around it, and what these import.
fn reached<'a>(
    modules: &BTreeMap<String, (&'a TreePath, &'a BTreeSet<String>)>,
    roots: impl Iterator<Item = &'a str>,
) -> BTreeSet<TreePath> {
    let mut waiting: Vec<&str> = roots.collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) || is_tool(name) {
            continue;
        }
        if let Some((package, _)) = name.rsplit_once('.') {
            waiting.push(package);
        }
        if let Some((path, imports)) = modules.get(name) {
            found.insert((*path).clone());
            waiting.extend(imports.iter().map(String::as_str));
        }
    }
    found
}

/// Modules that developers run and servers do not, though some library's optional part names them.
fn is_tool(module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    const TOOLS: &[&str] = &[
        "bdb",
        "cProfile",
        "cmd",
        "code",
        "codeop",
        "doctest",
        "lib2to3",
        "pdb",
        "profile",
        "pstats",
        "pydoc",
        "rlcompleter",
        "timeit",
        "trace",
        "tracemalloc",
        "unittest",
        "venv",
    ];
    TOOLS.contains(&top)
        || module.contains("win32")
        || module.contains("windows")
        || module == "ctypes.wintypes"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(standard: &[(&str, &[&str])], others: &[&str]) -> Arc<Piece> {
        let mut piece = Piece::empty();
        for (path, names) in standard {
            let path = TreePath::new(format!("usr/lib/python3.13/{path}")).unwrap();
            piece.imports.standard.insert(path, names.iter().map(ToString::to_string).collect());
        }
        piece.imports.others = others.iter().map(ToString::to_string).collect();
        Arc::new(piece)
    }

    #[test]
    fn the_core_is_the_same_for_all_and_the_rest_follows_imports() {
        let library = piece(
            &[
                ("json/__init__.py", &["json.decoder"]),
                ("json/decoder.py", &["re"]),
                ("re.py", &[]),
                ("xml/__init__.py", &[]),
                ("xml/dom/__init__.py", &["copy"]),
                ("pdb.py", &[]),
                ("pydoc.py", &["xml"]),
            ],
            &[],
        );
        let names = |paths: &BTreeSet<TreePath>| -> Vec<String> {
            paths.iter().filter_map(|path| standard_module(&path.to_str_lossy())).collect()
        };
        let alone = choose(std::slice::from_ref(&library));
        assert_eq!(names(&alone.core), ["json", "json.decoder", "re"]);
        assert!(alone.extra.is_empty());
        let with = choose(&[library, piece(&[], &["xml.dom", "json", "flask", "pdb"])]);
        assert_eq!(with.core, alone.core);
        assert_eq!(names(&with.extra), ["xml", "xml.dom"]);
    }
}

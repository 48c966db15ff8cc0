//! Python sources among the files of a piece: where they belong in the import system, and what they import.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use bareboat_image::TreePath;
use bareboat_packages::bytecode::imported_on_start;
use bareboat_store::Digest;

use crate::piece::Imports;

/// Larger files are data that looks like a source; the compiler refuses them, too.
pub(super) const LARGEST: u64 = 8 << 20;

/// A Python file on an import path: not a configuration file below `/etc`, not a script in a documentation directory.
pub(crate) fn is_source(path: &TreePath) -> bool {
    path.as_bytes().ends_with(b".py")
        && (path.as_bytes().starts_with(b"usr/lib/") || path.as_bytes().starts_with(b"app/"))
}

/// Sources of Debian packages, kept between unpacking a package and compiling them: unpacking it once more costs more
/// than the memory does.
#[derive(Default)]
pub struct Stash {
    packages: Mutex<BTreeMap<Digest, Vec<Source>>>,
}

/// A source at its path in the image.
pub(crate) type Source = (TreePath, Vec<u8>);

impl Stash {
    /// The most bytes of one package's sources that are kept; the standard library has 10 MB.
    pub(crate) const LARGEST: usize = 24 << 20;

    /// At most this many packages are kept.
    const MOST: usize = 4;

    pub(crate) fn put(&self, package: Digest, sources: Vec<Source>) {
        let mut packages = self.packages.lock().unwrap_or_else(PoisonError::into_inner);
        if !sources.is_empty() && packages.len() < Self::MOST {
            packages.insert(package, sources);
        }
    }

    /// The kept sources that `wanted` names; `None` when the package is not kept.
    pub(crate) fn get(&self, package: &Digest, wanted: impl Fn(&TreePath) -> bool) -> Option<Vec<Source>> {
        let packages = self.packages.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = packages.get(package)?;
        Some(sources.iter().filter(|(path, _)| wanted(path)).cloned().collect())
    }
}

/// What one source imports.
pub(super) struct Imported {
    standard: Option<TreePath>,
    names: BTreeSet<String>,
}

impl Imported {
    pub(super) fn record(self, imports: &mut Imports) {
        match self.standard {
            Some(path) => drop(imports.standard.insert(path, self.names)),
            None => imports.others.extend(self.names),
        }
    }
}

/// What the source at `path` imports when it is imported; `None` for what has no module name.
pub(super) fn imports(path: &TreePath, source: &[u8]) -> Option<Imported> {
    let text = path.to_str_lossy();
    let standard = standard_module(&text);
    let module = match &standard {
        Some(module) => module.clone(),
        None => dotted(text.rsplit_once("-packages/").map_or(text.as_ref(), |(_, below)| below))?,
    };
    let is_package = text.ends_with("/__init__.py");
    let mut names = imported_on_start(source, &module, is_package);
    if standard.is_some() {
        return Some(Imported { standard: Some(path.clone()), names });
    }
    let own = top(&module).to_owned();
    names.retain(|name| top(name) != own);
    Some(Imported { standard: None, names })
}

/// The name of the standard library's module at `path`: `usr/lib/python3.13/json/__init__.py` is `json`.
pub(crate) fn standard_module(path: &str) -> Option<String> {
    let below = path.strip_prefix("usr/lib/python3.")?.split_once('/')?.1;
    if below.starts_with("dist-packages/") || below.starts_with("lib-dynload/") {
        return None;
    }
    dotted(below)
}

fn dotted(path: &str) -> Option<String> {
    let path = path.strip_suffix(".py")?;
    Some(path.strip_suffix("/__init__").unwrap_or(path).replace('/', "."))
}

fn top(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_librarys_modules_have_names_and_debians_others_do_not() {
        let name = |path: &str| standard_module(path);
        assert_eq!(name("usr/lib/python3.13/json/__init__.py").as_deref(), Some("json"));
        assert_eq!(name("usr/lib/python3.13/asyncio/events.py").as_deref(), Some("asyncio.events"));
        assert_eq!(name("usr/lib/python3/dist-packages/x.py"), None);
        assert_eq!(name("app/x.py"), None);
    }

    #[test]
    fn what_a_package_imports_of_itself_is_left_out() {
        let mut imports = Imports::default();
        let path = TreePath::new("app/.venv/lib/python3.13/site-packages/flask/app.py").unwrap();
        super::imports(&path, b"import json\nimport flask.config\nfrom . import x\n")
            .unwrap()
            .record(&mut imports);
        assert_eq!(imports.others.into_iter().collect::<Vec<_>>(), ["json"]);
        assert!(imports.standard.is_empty());
    }
}

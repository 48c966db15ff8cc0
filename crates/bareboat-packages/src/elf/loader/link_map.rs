//! The objects one process has loaded, in order, and how further ones get in.

use std::collections::{HashMap, HashSet};

use bareboat_image::TreePath;

use super::search::{Found, Search, run_path};
use super::{CLibrary, Loader};
use crate::elf::ElfFacts;

/// A loaded object.
#[derive(Debug, Clone)]
struct Object<'a> {
    path: TreePath,
    origin: TreePath,
    facts: &'a ElfFacts,
    /// Who asked for it first; `None` for the program.
    loaded_by: Option<usize>,
}

/// The loaded objects of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct LinkMap<'a> {
    objects: Vec<Object<'a>>,
    paths: HashMap<TreePath, usize>,
    /// Sonames and names by which objects were asked for.
    names: HashMap<String, usize>,
}

/// What loading one file came to.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Needed libraries: who needs, which name, where it was found or where it was searched.
    pub edges: Vec<(TreePath, String, Result<TreePath, Vec<String>>)>,
    /// Wanted versions that the library found does or does not define: who, name, version, library, defined.
    pub versions: Vec<(TreePath, String, String, TreePath, bool)>,
    /// Every object that got in.
    pub objects: Vec<TreePath>,
}

impl<'a> LinkMap<'a> {
    /// Loads `root` and, breadth first as the loader does, everything it needs.
    pub(super) fn load(
        &mut self,
        loader: &'a Loader<'a>,
        search: &mut Search<'a>,
        root: Found<'a>,
    ) -> Loaded {
        let mut loaded = Loaded::default();
        let first = self.objects.len();
        // A library opened at run time counts as loaded by the program.
        let by = if first == 0 { None } else { Some(0) };
        if self.paths.contains_key(&root.path) {
            return loaded;
        }
        self.add(root, by);
        let mut next = first;
        while next < self.objects.len() {
            let (path, facts) = (self.objects[next].path.clone(), self.objects[next].facts);
            for name in &facts.needed {
                let outcome = self.need(loader, search, next, name);
                loaded.edges.push((path.clone(), name.clone(), outcome));
            }
            next += 1;
        }
        for object in &self.objects[first..] {
            loaded.objects.push(object.path.clone());
            self.versions(object, &mut loaded);
        }
        loaded
    }

    fn add(&mut self, found: Found<'a>, loaded_by: Option<usize>) -> usize {
        let index = self.objects.len();
        self.paths.insert(found.path.clone(), index);
        if let Some(soname) = &found.facts.soname {
            self.names.entry(soname.clone()).or_insert(index);
        }
        let Found { path, origin, facts } = found;
        self.objects.push(Object { path, origin, facts, loaded_by });
        index
    }

    /// Finds the library `name` that the object at `index` needs; the directories searched when there is none.
    fn need(
        &mut self,
        loader: &'a Loader<'a>,
        search: &mut Search<'a>,
        index: usize,
        name: &str,
    ) -> Result<TreePath, Vec<String>> {
        if let Some(&known) = self.names.get(name) {
            return Ok(self.objects[known].path.clone());
        }
        let mut searched = Vec::new();
        let found = self.find(loader, search, index, name, &mut searched);
        let Some(found) = found else { return Err(searched) };
        let path = found.path.clone();
        let known = match self.paths.get(&path) {
            Some(&known) => known,
            None => self.add(found, Some(index)),
        };
        self.names.insert(name.to_owned(), known);
        Ok(path)
    }

    fn find(
        &self,
        loader: &'a Loader<'a>,
        search: &mut Search<'a>,
        index: usize,
        name: &str,
        searched: &mut Vec<String>,
    ) -> Option<Found<'a>> {
        let object = &self.objects[index];
        if name.contains('/') {
            // A path: tokens are replaced, nothing is searched.
            let path = run_path(name, &object.origin, loader.architecture).into_iter().next()?;
            return search.at(&path);
        }
        if loader.libc == CLibrary::Musl && is_musl_itself(name) {
            return search.at(&format!("/lib/ld-musl-{}.so.1", loader.architecture.machine()));
        }
        let mut directories = match loader.libc {
            CLibrary::Glibc => self.glibc_directories(loader, index),
            CLibrary::Musl => self.musl_directories(loader, index),
        };
        let configured = directories.len();
        if !object.facts.no_default_libraries {
            directories.extend(loader.directories.iter().cloned());
        }
        let mut tried = HashSet::new();
        for (position, directory) in directories.into_iter().enumerate() {
            if position == configured
                && let Some(found) = loader.cache.get(name).and_then(|path| search.at(path))
            {
                return Some(found);
            }
            if tried.insert(directory.clone()) {
                if let Some(found) = search.in_directory(&directory, name) {
                    return Some(found);
                }
                searched.push(directory);
            }
        }
        None
    }

    /// `DT_RPATH`, `LD_LIBRARY_PATH`, `DT_RUNPATH` (ld.so(8)).
    fn glibc_directories(&self, loader: &Loader<'_>, index: usize) -> Vec<String> {
        let object = &self.objects[index];
        let mut directories = Vec::new();
        if object.facts.runpath.is_none() {
            directories.extend(self.rpath_chain(loader, index));
        }
        directories.extend(loader.library_path.iter().cloned());
        if let Some(text) = &object.facts.runpath {
            directories.extend(run_path(text, &object.origin, loader.architecture));
        }
        directories
    }

    /// `LD_LIBRARY_PATH`, then the run path of either kind of the object, of whoever loaded it, and so on up.
    fn musl_directories(&self, loader: &Loader<'_>, index: usize) -> Vec<String> {
        let mut directories = loader.library_path.clone();
        let mut next = Some(index);
        while let Some(index) = next {
            let Object { origin, facts, loaded_by, .. } = &self.objects[index];
            if let Some(text) = facts.runpath.as_ref().or(facts.rpath.as_ref()) {
                directories.extend(run_path(text, origin, loader.architecture));
            }
            next = *loaded_by;
        }
        directories
    }

    /// `DT_RPATH` of the object, of whoever loaded it, and so on up, and of the program; each unless it has a run path.
    fn rpath_chain(&self, loader: &Loader<'_>, index: usize) -> Vec<String> {
        let mut directories = Vec::new();
        let mut next = Some(index);
        let mut seen_program = false;
        while let Some(index) = next {
            seen_program |= index == 0;
            directories.extend(self.rpath(loader, index));
            next = self.objects[index].loaded_by;
        }
        if !seen_program {
            directories.extend(self.rpath(loader, 0));
        }
        directories
    }

    fn rpath(&self, loader: &Loader<'_>, index: usize) -> Vec<String> {
        let object = &self.objects[index];
        match (&object.facts.rpath, &object.facts.runpath) {
            (Some(text), None) => run_path(text, &object.origin, loader.architecture),
            _ => Vec::new(),
        }
    }

    /// Compares the versions an object wants with those its libraries define. A library that defines none at all is
    /// let pass, with a warning at run time, by the loader too.
    fn versions(&self, object: &Object<'a>, loaded: &mut Loaded) {
        for (name, versions) in &object.facts.version_needs {
            let Some(&index) = self.names.get(name) else { continue };
            let library = &self.objects[index];
            let defined = &library.facts.version_definitions;
            if defined.is_empty() {
                continue;
            }
            for version in versions {
                let row = (
                    object.path.clone(),
                    name.clone(),
                    version.clone(),
                    library.path.clone(),
                    defined.contains(version),
                );
                loaded.versions.push(row);
            }
        }
    }
}

/// musl answers for all libraries that its own code replaces.
fn is_musl_itself(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("lib") else { return false };
    ["c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."].iter().any(|own| rest.starts_with(own))
}

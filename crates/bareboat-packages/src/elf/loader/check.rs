//! Loads every program and every library of a tree, one process each, and collects what fails.
//!
//! A library that fails on its own but loads as part of something else is no fault: only what fails in every company
//! it is found in is reported. Files that only came along are loaded last, so that it is known what nothing else loads.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;

use super::link_map::{LinkMap, Loaded};
use super::search::{Found, Search};
use super::{CLibrary, Finding, LoadReport, Loader};
use crate::elf::{ElfFacts, ElfKind};
use crate::system::sonames;

pub(super) fn check<'a>(loader: &'a Loader<'a>) -> LoadReport {
    let mut check = Check {
        loader,
        search: Search::new(loader),
        host: LinkMap::default(),
        report: LoadReport::default(),
        visited: BTreeSet::new(),
        wanted: BTreeSet::new(),
        unresolved: BTreeMap::new(),
        undefined: BTreeMap::new(),
        defined: BTreeSet::new(),
    };
    check.machines();
    for part in [Part::Wanted, Part::Along] {
        check.programs(part);
        check.libraries(part);
        if part == Part::Wanted {
            check.wanted = check.visited.clone();
        }
    }
    check.report()
}

/// Which files are loaded for their own sake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those that the image is made for.
    Wanted,
    /// Those in [`Loader::along`].
    Along,
}

struct Check<'a> {
    loader: &'a Loader<'a>,
    search: Search<'a>,
    /// What the program that opens libraries has loaded.
    host: LinkMap<'a>,
    report: LoadReport,
    visited: BTreeSet<TreePath>,
    /// Files that something wanted loads, or that are wanted themselves.
    wanted: BTreeSet<TreePath>,
    /// Needed names that were not found, with the directories searched, by file.
    unresolved: BTreeMap<TreePath, BTreeMap<String, Vec<String>>>,
    /// Wanted versions that were not defined, with the library asked: file, name, version.
    undefined: BTreeMap<(TreePath, String, String), TreePath>,
    /// Wanted versions that were defined in some company.
    defined: BTreeSet<(TreePath, String, String)>,
}

impl<'a> Check<'a> {
    fn machines(&mut self) {
        let wanted = self.loader.architecture;
        for (path, facts) in self.loader.elf {
            if !facts.is_for(wanted) {
                self.add(path, Finding::WrongMachine { machine: facts.machine, wanted });
            }
        }
    }

    fn programs(&mut self, part: Part) {
        let host = self.loader.host.as_ref().and_then(|host| self.search.file(host));
        for (path, facts) in self.files(part) {
            if facts.is_program() && !facts.is_static() {
                let mut map = LinkMap::default();
                self.load(&mut map, path, facts);
                self.interpreter(path, facts);
                if host.as_ref() == Some(path) {
                    self.host = map;
                }
            }
        }
    }

    fn libraries(&mut self, part: Part) {
        let host_may = self.loader.host.as_ref().and_then(|host| self.search.file(host));
        let host_may =
            host_may.and_then(|host| self.loader.elf.get(&host)).is_some_and(|host| host.executable_stack);
        let strict = self.loader.libc == CLibrary::Glibc && self.loader.glibc >= (2, 41);
        let refuses = strict && !host_may;
        for (path, facts) in self.files(part) {
            if facts.kind != ElfKind::SharedObject {
                continue;
            }
            if facts.executable_stack && refuses {
                self.add(path, Finding::ExecutableStack);
            }
            if !self.visited.contains(path) || self.unresolved.contains_key(path) {
                let mut map = self.host.clone();
                self.load(&mut map, path, facts);
            }
        }
    }

    /// The files of `part` that are for the architecture.
    fn files(&self, part: Part) -> Vec<(&'a TreePath, &'a ElfFacts)> {
        let of = |path: &TreePath| if self.loader.along.contains(path) { Part::Along } else { Part::Wanted };
        let files = self.loader.elf.iter().map(|(path, facts)| (*path, *facts));
        files.filter(|(path, facts)| of(path) == part && facts.is_for(self.loader.architecture)).collect()
    }

    fn load(&mut self, map: &mut LinkMap<'a>, path: &TreePath, facts: &'a ElfFacts) {
        let origin = path.parent().unwrap_or_default();
        let root = Found { path: path.clone(), origin, facts };
        let Loaded { edges, versions, objects } = map.load(self.loader, &mut self.search, root);
        self.visited.extend(objects);
        for (from, name, outcome) in edges {
            match outcome {
                Ok(library) => {
                    self.report.libraries.entry(from).or_default().entry(name).or_insert(library);
                }
                Err(searched) => {
                    self.unresolved.entry(from).or_default().entry(name).or_insert(searched);
                }
            }
        }
        for (from, name, version, library, defined) in versions {
            let wanted = (from, name, version);
            match defined {
                true => drop(self.defined.insert(wanted)),
                false => drop(self.undefined.entry(wanted).or_insert(library)),
            }
        }
    }

    fn interpreter(&mut self, path: &TreePath, facts: &ElfFacts) {
        let Some(interpreter) = &facts.interpreter else { return };
        let real = TreePath::new(interpreter).ok().and_then(|path| self.search.file(&path));
        let found = real.and_then(|real| self.loader.elf.get(&real));
        if !found.is_some_and(|found| found.is_for(self.loader.architecture)) {
            self.add(path, Finding::MissingInterpreter { interpreter: interpreter.clone() });
        }
    }

    fn add(&mut self, path: &TreePath, finding: Finding) {
        self.report.findings.entry(path.clone()).or_default().push(finding);
    }

    fn report(mut self) -> LoadReport {
        let by_name = if self.unresolved.is_empty() { BTreeMap::new() } else { self.by_name() };
        for (path, names) in std::mem::take(&mut self.unresolved) {
            for (soname, searched) in names {
                let found = self.report.libraries.get(&path).is_some_and(|found| found.contains_key(&soname));
                if found {
                    continue;
                }
                let finding = match unresolved(&path, soname, searched, &by_name) {
                    Finding::MissingLibrary { soname, .. } if !self.wanted.contains(&path) => {
                        Finding::Unused { soname }
                    }
                    finding => finding,
                };
                self.add(&path, finding);
            }
        }
        for ((path, soname, version), provider) in std::mem::take(&mut self.undefined) {
            let elsewhere = (path.clone(), soname.clone(), version.clone());
            if !self.defined.contains(&elsewhere) {
                self.add(&path, Finding::MissingVersion { soname, version, provider });
            }
        }
        self.report.findings.values_mut().for_each(|findings| findings.sort());
        self.report
    }

    /// Native libraries by soname and by file name.
    fn by_name(&self) -> BTreeMap<String, BTreeSet<TreePath>> {
        let mut by_name: BTreeMap<String, BTreeSet<TreePath>> = BTreeMap::new();
        for (path, facts) in self.loader.elf {
            if facts.kind == ElfKind::SharedObject && facts.is_for(self.loader.architecture) {
                let file_name = String::from_utf8_lossy(path.file_name()).into_owned();
                for name in facts.soname.iter().cloned().chain([file_name]) {
                    by_name.entry(name).or_default().insert((*path).clone());
                }
            }
        }
        by_name
    }
}

/// The finding for a name that nothing provides.
fn unresolved(
    path: &TreePath,
    soname: String,
    searched: Vec<String>,
    by_name: &BTreeMap<String, BTreeSet<TreePath>>,
) -> Finding {
    let elsewhere: Vec<TreePath> = by_name.get(&soname).into_iter().flatten().cloned().collect();
    let neighbours: Vec<TreePath> = elsewhere.iter().filter(|other| is_in_python(other)).cloned().collect();
    if elsewhere.is_empty() && sonames::comes_with_the_host(&soname) {
        return Finding::FromHost { soname };
    }
    if is_in_python(path) && !neighbours.is_empty() {
        return Finding::PreloadedOnly { soname, candidates: neighbours };
    }
    Finding::MissingLibrary { soname, searched, elsewhere }
}

/// Python packages load each other's libraries by import order; nobody else does.
fn is_in_python(path: &TreePath) -> bool {
    path.components().any(|component| component == b"site-packages" || component == b"dist-packages")
}

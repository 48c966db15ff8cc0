//! Follows imports from the entry point through the application's own files.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;

use super::hints::hint;
use super::modules::{Found, Modules};
use super::report::{Entry, Missing, Report, Unknown, Unreadable};
use super::scan::{FileImports, Import, Need, ScanError};

/// The application's own files with their imports.
pub type Sources = BTreeMap<TreePath, Result<FileImports, ScanError>>;

/// Checks the imports of everything that `entries` reach in `sources`, looked up in `modules`. `roots` are the directories
/// from which the application imports its own modules.
pub fn check(modules: &Modules<'_>, sources: &Sources, roots: &[TreePath], entries: &[Entry]) -> Report {
    let mut walk = Walk {
        modules,
        sources,
        own: OwnModules::new(sources, roots),
        pending: BTreeSet::new(),
        settled: BTreeMap::new(),
        mains: BTreeSet::new(),
        report: Report::default(),
    };
    entries.iter().for_each(|entry| walk.start(entry));
    // Smallest first: a file's strongest need is known before the file is read.
    while let Some((need, file)) = walk.pending.pop_first() {
        if !walk.settled.contains_key(&file) {
            walk.settled.insert(file.clone(), need);
            walk.read(&file, need);
        }
    }
    walk.finish()
}

struct Walk<'a> {
    modules: &'a Modules<'a>,
    sources: &'a Sources,
    own: OwnModules<'a>,
    pending: BTreeSet<(Need, TreePath)>,
    settled: BTreeMap<TreePath, Need>,
    /// Files run as the program.
    mains: BTreeSet<TreePath>,
    report: Report,
}

impl Walk<'_> {
    fn start(&mut self, entry: &Entry) {
        match entry {
            Entry::MainFile(file) => {
                self.mains.insert(file.clone());
                self.reach(file, Need::Required);
            }
            Entry::Module(name) => {
                self.start_module(name);
            }
            Entry::MainModule(name) => {
                // `python -m package` runs `package/__main__.py`.
                let main = format!("{name}.__main__");
                let file = match self.modules.find(&main) {
                    Found::Present { file, .. } => {
                        self.reach_parents(&main, Need::Required);
                        file
                    }
                    _ => self.start_module(name),
                };
                if let Some(file) = file {
                    self.mains.insert(file.clone());
                    self.reach(&file, Need::Required);
                }
            }
        }
    }

    fn start_module(&mut self, name: &str) -> Option<TreePath> {
        match self.modules.find(name) {
            Found::Present { file, .. } => {
                self.report.resolved += 1;
                self.reach_parents(name, Need::Required);
                file.inspect(|file| self.reach(file, Need::Required))
            }
            Found::Missing { name, unfit } => {
                let hint = self.advice(&name);
                let missing =
                    Missing { need: Need::Required, file: None, line: 0, module: name, unfit, hint };
                self.report.missing.push(missing);
                None
            }
            Found::Unknown(_) => None,
        }
    }

    /// An own file is imported; files of installed distributions are not followed.
    fn reach(&mut self, file: &TreePath, need: Need) {
        if self.sources.contains_key(file) {
            self.pending.insert((need, file.clone()));
        }
    }

    /// Importing `a.b.c` runs `a/__init__.py` and `a/b/__init__.py`.
    fn reach_parents(&mut self, name: &str, need: Need) {
        let mut rest = name;
        while let Some((parent, _)) = rest.rsplit_once('.') {
            if let Some(file) = self.own.names.get(parent).cloned() {
                self.reach(&file, need);
            }
            rest = parent;
        }
    }

    fn read(&mut self, file: &TreePath, reached: Need) {
        let imports = match &self.sources[file] {
            Ok(imports) => imports,
            Err(error) => {
                let unreadable = Unreadable { need: reached, file: file.clone(), error: error.clone() };
                self.report.unreadable.push(unreadable);
                return;
            }
        };
        let mut failed = BTreeSet::new();
        for import in &imports.imports {
            let happens = import.need != Need::Never
                && (!import.only_as_main || self.mains.contains(file))
                && import.guard.is_none_or(|guard| !failed.contains(&guard))
                && import.branches.iter().all(|branch| failed.contains(&branch.guard) == branch.failed);
            if happens && !self.import(file, import, reached.max(import.need)) {
                failed.extend(import.guard);
            }
        }
        let unknown = imports.dynamic.iter().map(|dynamic| Unknown {
            file: file.clone(),
            line: dynamic.line,
            what: dynamic.call.clone(),
            why: "the module is computed".into(),
        });
        self.report.unknown.extend(unknown);
        let need = reached.max(Need::Lazy);
        imports.names.iter().for_each(|name| self.reach_named(name, need));
    }

    /// Follows one import; false when it fails.
    fn import(&mut self, file: &TreePath, import: &Import, need: Need) -> bool {
        let Located { name, found, package } = self.locate(file, import);
        match found {
            Found::Present { file: target, .. } => {
                self.report.resolved += 1;
                self.reach_parents(&name, need);
                package.iter().chain(&target).for_each(|target| self.reach(target, need));
                true
            }
            Found::Unknown(why) => {
                self.report.unknown.push(Unknown { file: file.clone(), line: import.line, what: name, why });
                true
            }
            Found::Missing { name: module, unfit } => {
                let hint = self.advice(&module);
                let (file, line) = (Some(file.clone()), import.line);
                self.report.missing.push(Missing { need, file, line, module, unfit, hint });
                false
            }
        }
    }

    /// What to do about a module that is missing.
    fn advice(&self, module: &str) -> String {
        match module.starts_with('.') {
            true => "the file is in no package: import without the dots".to_owned(),
            false if self.own.has_top(module) => "add the file, or check `.dockerignore`".to_owned(),
            false => hint(module, self.modules.python()),
        }
    }

    /// Finds what an import names.
    fn locate(&self, file: &TreePath, import: &Import) -> Located {
        let Import { level, module, name, .. } = import;
        let package = match level {
            0 => None,
            &level => match self.own.package(file, level) {
                Some(package) => Some(package),
                None => {
                    let name = format!("{}{module}", ".".repeat(level as usize));
                    let found = Found::Missing { name: name.clone(), unfit: None };
                    return Located { name, found, package: None };
                }
            },
        };
        let find = |tail: &str| match &package {
            Some((directory, package)) => self.modules.find_in_directory(directory, tail, package),
            None => self.modules.find(tail),
        };
        let base = package.as_ref().map_or("", |(_, package)| package);
        let (found, full) = (find(module), join(base, module));
        let (Some(name), Found::Present { file: parent, is_namespace }) = (name, &found) else {
            return Located { name: full, found, package: None };
        };
        // `from package import name` means a submodule when there is one, otherwise an attribute; a namespace package
        // has no code that could give it one.
        match find(&join(module, name)) {
            inner @ Found::Present { .. } => {
                Located { name: join(&full, name), found: inner, package: parent.clone() }
            }
            inner @ Found::Missing { .. } if *is_namespace => {
                Located { name: join(&full, name), found: inner, package: None }
            }
            _ => Located { name: full, found, package: None },
        }
    }

    /// A string names an own module: frameworks import it when they like. A package stands for all that is directly in it.
    fn reach_named(&mut self, name: &str, need: Need) {
        let mut rest = name;
        let file = loop {
            match (self.own.names.get(rest), rest.rsplit_once('.')) {
                (Some(file), _) => break file.clone(),
                (None, Some((parent, _))) => rest = parent,
                (None, None) => return,
            }
        };
        self.reach_parents(rest, need);
        self.reach(&file, need);
        if file.file_name() == b"__init__.py" {
            let directory = file.parent();
            let sources = self.sources;
            let inside = sources.keys().filter(|path| path.parent() == directory && !is_test(path));
            inside.for_each(|path| self.reach(path, need));
        }
    }

    fn finish(mut self) -> Report {
        self.report.missing.sort();
        self.report.missing.dedup();
        self.report.unknown.sort();
        self.report.unknown.dedup();
        let settled = &self.settled;
        self.report.unreached =
            self.sources.keys().filter(|file| !settled.contains_key(*file)).cloned().collect();
        self.report
    }
}

/// What an import names, and what it found.
struct Located {
    /// The absolute dotted name.
    name: String,
    found: Found,
    /// The file of the package whose submodule was found.
    package: Option<TreePath>,
}

/// The application's own modules.
struct OwnModules<'a> {
    roots: &'a [TreePath],
    /// Files by dotted name.
    names: BTreeMap<String, TreePath>,
}

impl<'a> OwnModules<'a> {
    /// A root earlier in the list wins, as in `sys.path`.
    fn new(sources: &Sources, roots: &'a [TreePath]) -> Self {
        let mut names = BTreeMap::new();
        for root in roots {
            for file in sources.keys() {
                let Some(tail) = file.strip_prefix(root) else { continue };
                let Some(stem) = tail.to_str_lossy().strip_suffix(".py").map(str::to_owned) else { continue };
                let stem = stem.strip_suffix("/__init__").unwrap_or(&stem);
                names.entry(stem.replace('/', ".")).or_insert_with(|| file.clone());
            }
        }
        Self { roots, names }
    }

    /// The directory that `level` leading dots mean in `file`, and its dotted name. `None` when it is no package: a root
    /// itself, or outside all roots.
    fn package(&self, file: &TreePath, level: u32) -> Option<(TreePath, String)> {
        let directory = (0..level).try_fold(file.clone(), |path, _| path.parent())?;
        let tail =
            self.roots.iter().filter_map(|root| directory.strip_prefix(root)).find(|tail| !tail.is_root())?;
        Some((directory, tail.to_str_lossy().replace('/', ".")))
    }

    /// Whether some own module has the same first part.
    fn has_top(&self, name: &str) -> bool {
        let top = name.split('.').next().unwrap_or(name);
        let first = self.names.range(top.to_owned()..).next();
        first.is_some_and(|(own, _)| {
            own.strip_prefix(top).is_some_and(|tail| tail.is_empty() || tail.starts_with('.'))
        })
    }
}

fn join(package: &str, name: &str) -> String {
    match (package, name) {
        ("", name) | (name, "") => name.to_owned(),
        _ => format!("{package}.{name}"),
    }
}

fn is_test(path: &TreePath) -> bool {
    let name = path.file_name();
    name.starts_with(b"test") || name == b"conftest.py" || name.ends_with(b"_test.py")
}

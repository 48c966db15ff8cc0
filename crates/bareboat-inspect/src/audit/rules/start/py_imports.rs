//! What the application imports is there.

use std::collections::{BTreeSet, VecDeque};

use bareboat_image::TreePath;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::facts::{Facts, Import};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "py-imports",
    aliases: &[],
    group: Group::Start,
    severity: Severity::Error,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("py-imports.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let Some(search) = Search::new(facts) else { return };
    let mut is_dynamic = search.is_dynamic;
    let mut seen: BTreeSet<TreePath> = BTreeSet::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let mut pending: VecDeque<TreePath> = search.started.iter().cloned().collect();
    while let Some(source) = pending.pop_front() {
        if seen.len() > MOST_SOURCES || !seen.insert(source.clone()) {
            continue;
        }
        let Some(imports) = facts.content(&source).and_then(|content| content.imports.as_ref()) else {
            continue;
        };
        is_dynamic |= imports.is_dynamic;
        for import in imports.all.iter().filter(|import| import.is_certain) {
            match search.find(&source, import) {
                Found::Sources(sources) => pending.extend(sources),
                Found::Missing(module) if missing.insert(module.clone()) => {
                    let message = format!("`{source}` imports `{module}`, which is not there");
                    let draft = findings.report_at(&source, message);
                    draft.note(format!("line {}: Python ends with `ModuleNotFoundError`", import.line));
                    draft.help("install the distribution that brings it, into the environment that runs");
                    if is_dynamic {
                        draft
                            .unknown()
                            .note("the search path is changed while it runs: it may be found after all");
                    }
                }
                Found::Missing(_) | Found::Elsewhere => {}
            }
        }
    }
}

const MOST_SOURCES: usize = 5_000;

/// Where a module leads.
enum Found {
    /// To sources that were read: a package's `__init__`, and the module.
    Sources(Vec<TreePath>),
    /// To something that is there.
    Elsewhere,
    /// Nowhere.
    Missing(String),
}

/// Where Python looks for modules, and what it begins with.
struct Search<'f> {
    facts: &'f Facts,
    /// In order.
    directories: Vec<TreePath>,
    started: Vec<TreePath>,
    is_dynamic: bool,
}

impl<'f> Search<'f> {
    /// `None` where the command starts no Python program that can be followed.
    fn new(facts: &'f Facts) -> Option<Self> {
        let command = facts.command();
        let moves = ["--chdir", "--app-dir", "--pythonpath", "-C"];
        let is_moved =
            command.iter().any(|word| moves.iter().any(|option| word.split('=').next() == Some(option)));
        let libraries: Vec<&TreePath> =
            facts.interpreters.iter().filter_map(|interpreter| interpreter.library.as_ref()).collect();
        if is_moved || libraries.is_empty() || facts.variable("PYTHONHOME").is_some() {
            return None;
        }
        let work = facts.at(&facts.config.working_dir).unwrap_or_default();
        let mut directories = vec![work.clone()];
        let path = facts.variable("PYTHONPATH").unwrap_or_default();
        directories.extend(path.split(':').filter(|part| !part.is_empty()).filter_map(|part| facts.at(part)));
        directories.extend(facts.sites.iter().map(|site| site.path.clone()));
        for library in libraries {
            directories.extend(library.join("lib-dynload").ok());
            directories.push(library.clone());
        }
        // An archive is on the path: what is in it is not known here.
        if directories.iter().any(|directory| facts.file(directory).is_some()) {
            return None;
        }
        let mut search = Self { facts, directories, started: Vec::new(), is_dynamic: is_extended(facts) };
        let scripts: Vec<TreePath> = command.iter().filter_map(|word| search.script(word, &work)).collect();
        for script in scripts {
            // Python puts the script's own directory first.
            search.directories.insert(0, script.parent().unwrap_or_default());
            search.started.push(script);
        }
        for (index, word) in command.iter().enumerate() {
            let named = match index.checked_sub(1).map(|before| command[before]) {
                Some("-m") => Some(*word),
                _ => word.split_once(':').map(|(module, _)| module),
            };
            let found = named.map(|module| search.sources(module)).unwrap_or_default();
            search.started.extend(found);
        }
        (!search.started.is_empty()).then_some(search)
    }

    /// A word that names a source which was read.
    fn script(&self, word: &str, work: &TreePath) -> Option<TreePath> {
        let path =
            if word.starts_with('/') { word.to_owned() } else { format!("/{}/{word}", work.to_str_lossy()) };
        let real = self.facts.at(&path)?;
        self.facts.content(&real)?.imports.as_ref()?;
        Some(real)
    }

    fn find(&self, source: &TreePath, import: &Import) -> Found {
        if import.level > 0 {
            return self.relative(source, import);
        }
        let Some(top) = import.module.split('.').next() else { return Found::Elsewhere };
        if top.starts_with('_') || BUILT_IN.contains(&top) {
            return Found::Elsewhere;
        }
        match self.directories.iter().any(|directory| self.holds(directory, top)) {
            true => Found::Sources(self.sources(&import.module)),
            false => Found::Missing(top.to_owned()),
        }
    }

    /// Dots lead up from the source's package; what is named behind `import` may be an attribute.
    fn relative(&self, source: &TreePath, import: &Import) -> Found {
        let mut directory = source.parent().unwrap_or_default();
        for _ in 1..import.level {
            directory = directory.parent().unwrap_or_default();
        }
        if import.module.is_empty() {
            return Found::Elsewhere;
        }
        Found::Sources(self.below(&directory, &import.module))
    }

    /// A module or package of that name lies in the directory.
    fn holds(&self, directory: &TreePath, name: &str) -> bool {
        let facts = self.facts;
        let is_there = |file: &str| {
            directory
                .join(file)
                .is_ok_and(|path| facts.tree().get(&path).is_some() || facts.is_directory(&path))
        };
        if [name.to_owned(), format!("{name}.py"), format!("{name}.pyc")].iter().any(|file| is_there(file)) {
            return true;
        }
        let extension = format!("{name}.");
        let in_directory = |path: &TreePath| path.parent().unwrap_or_default() == *directory;
        facts.tree().below(directory).any(|(path, _)| {
            in_directory(path)
                && path.file_name().starts_with(extension.as_bytes())
                && path.file_name().ends_with(b".so")
        })
    }

    fn sources(&self, module: &str) -> Vec<TreePath> {
        self.directories
            .iter()
            .map(|directory| self.below(directory, module))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// The sources on the way to a module below a directory.
    fn below(&self, directory: &TreePath, module: &str) -> Vec<TreePath> {
        let mut sources = Vec::new();
        let mut at = directory.clone();
        for part in module.split('.') {
            let Ok(package) = at.join(part) else { break };
            let files = [package.join("__init__.py").ok(), at.join(format!("{part}.py")).ok()];
            sources.extend(files.into_iter().flatten().filter_map(|file| self.facts.real(&file)));
            at = package;
        }
        sources.retain(|source| self.facts.content(source).is_some_and(|content| content.imports.is_some()));
        sources
    }
}

/// A `.pth` file that runs code, as editable installations have, may add anything.
fn is_extended(facts: &Facts) -> bool {
    facts.sites.iter().any(|site| {
        facts.tree().below(&site.path).any(|(path, _)| {
            path.file_name().ends_with(b".pth") && path.parent().as_ref() == Some(&site.path)
        })
    })
}

/// Modules without a file: parts of the interpreter, depending on how it was built.
const BUILT_IN: &[&str] = &[
    "sys",
    "builtins",
    "time",
    "marshal",
    "posix",
    "pwd",
    "gc",
    "errno",
    "faulthandler",
    "itertools",
    "atexit",
    "array",
    "binascii",
    "cmath",
    "fcntl",
    "grp",
    "math",
    "mmap",
    "select",
    "spwd",
    "syslog",
    "termios",
    "unicodedata",
    "zlib",
    "resource",
    "audioop",
    "nis",
    "ossaudiodev",
    "readline",
    "crypt",
    "zipimport",
    "pyexpat",
    "parser",
];

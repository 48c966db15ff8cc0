//! Which modules a tree has, found the way CPython's own finders would.
//!
//! Follows `importlib`'s built-in and path finders (PEP 420 namespace packages, PEP 3147, PEP 3149) and `site`'s `.pth`
//! files. Hooks that packages install when they are imported cannot be known: a submodule of a package that touches
//! `__path__` or `sys.modules` is unknown, not missing.

use std::collections::BTreeSet;

use bareboat_image::{Kind, Tree, TreePath};
use bareboat_packages::pypi::Target;
use bareboat_packages::wheel::abi::{self, ExtensionName};

use super::standard::is_built_in;

/// Where the interpreter looks, in order.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    /// The program's directory, the application's roots, `PYTHONPATH`.
    pub first: Vec<TreePath>,
    /// `usr/lib/pythonX.Y` and its `lib-dynload`.
    pub standard: Vec<TreePath>,
    /// `site-packages` directories, whose `.pth` files count.
    pub sites: Vec<TreePath>,
}

/// Reads a file of the tree; `None` when its content is not at hand.
pub type ReadFile<'a> = &'a dyn Fn(&TreePath) -> Option<Vec<u8>>;

/// The modules of a tree.
pub struct Modules<'a> {
    tree: &'a Tree,
    target: &'a Target,
    directories: Vec<TreePath>,
    suffixes: Vec<String>,
    read: ReadFile<'a>,
    /// A `.pth` file installs a finder of its own.
    has_foreign_finder: bool,
}

/// What looking for a module gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Present {
        /// The file whose code is the module; built-in modules and namespace packages have none.
        file: Option<TreePath>,
        /// A package without code of its own.
        is_namespace: bool,
    },
    /// It is not there.
    Missing {
        /// The shortest dotted name that is missing.
        name: String,
        /// A file of that name that the interpreter does not load, and why.
        unfit: Option<String>,
    },
    /// Only running tells, and why.
    Unknown(String),
}

/// One found component of a dotted name.
enum Component {
    /// A module without file.
    BuiltIn,
    /// A module: its file.
    Module(TreePath),
    /// A package: its `__init__` file, its directory.
    Package(TreePath, TreePath),
    /// A namespace package: its directories.
    Namespace(Vec<TreePath>),
}

impl<'a> Modules<'a> {
    /// The modules that `search` finds in `tree` on `target`.
    pub fn new(tree: &'a Tree, target: &'a Target, search: &SearchPath, read: ReadFile<'a>) -> Self {
        let mut modules = Self {
            tree,
            target,
            directories: search.first.iter().chain(&search.standard).cloned().collect(),
            suffixes: vec![format!(".{}.so", abi::own_suffix(target)), ".abi3.so".into(), ".so".into()],
            read,
            has_foreign_finder: false,
        };
        modules.suffixes.extend([".py".into(), ".pyc".into()]);
        for site in &search.sites {
            modules.add_site(site);
        }
        modules
    }

    /// Looks for an absolute dotted name.
    pub fn find(&self, name: &str) -> Found {
        self.find_below(&self.directories, name, "")
    }

    /// Looks for a dotted name below the directory of `package`; the empty name is the package itself.
    pub fn find_in_directory(&self, directory: &TreePath, name: &str, package: &str) -> Found {
        if name.is_empty() {
            let file = self.file_of(directory, "__init__");
            return Found::Present { is_namespace: file.is_none(), file };
        }
        self.find_below(std::slice::from_ref(directory), name, package)
    }

    fn find_below(&self, directories: &[TreePath], name: &str, package: &str) -> Found {
        let mut directories = directories.to_vec();
        let mut parent = None;
        let mut sofar = package.to_owned();
        let mut found = (None, false);
        for part in name.split('.').filter(|part| !part.is_empty()) {
            let is_top = sofar.is_empty();
            sofar = if is_top { part.to_owned() } else { format!("{sofar}.{part}") };
            let component = match is_top && is_built_in(part, self.python()) {
                true => Some(Component::BuiltIn),
                false => self.component(&directories, part),
            };
            let Some(component) = component else {
                return self.absent(sofar, parent.as_ref(), &directories, part);
            };
            (found, directories) = match component {
                Component::BuiltIn => ((None, false), Vec::new()),
                Component::Module(file) => ((Some(file), false), Vec::new()),
                Component::Package(file, directory) => ((Some(file), false), vec![directory]),
                Component::Namespace(parts) => ((None, true), parts),
            };
            parent = Some((sofar.clone(), found.0.clone()));
        }
        let (file, is_namespace) = found;
        Found::Present { file, is_namespace }
    }

    /// What it means that `part` is in none of `directories`.
    fn absent(
        &self,
        name: String,
        parent: Option<&(String, Option<TreePath>)>,
        directories: &[TreePath],
        part: &str,
    ) -> Found {
        if KNOWN_AT_RUN_TIME.contains(&name.as_str()) {
            return Found::Present { file: None, is_namespace: false };
        }
        match parent {
            None if self.has_foreign_finder => {
                Found::Unknown("an editable install finds modules its own way".into())
            }
            Some((package, Some(file))) => match self.makes_modules(file) {
                Some(false) => Found::Missing { name, unfit: self.unfit(directories, part) },
                Some(true) => Found::Unknown(format!("`{package}` makes modules when it is imported")),
                None => Found::Unknown(format!("the code of `{package}` is not at hand")),
            },
            _ => Found::Missing { name, unfit: self.unfit(directories, part) },
        }
    }

    /// Whether a module's own code may put modules where no file is. `None` when it cannot be read.
    fn makes_modules(&self, file: &TreePath) -> Option<bool> {
        if !file.as_bytes().ends_with(b".py") {
            return None;
        }
        let code = (self.read)(file)?;
        let mentions = |word: &str| code.windows(word.len()).any(|window| window == word.as_bytes());
        Some(["__path__", "sys.modules", "meta_path", "declare_namespace"].into_iter().any(mentions))
    }

    fn component(&self, directories: &[TreePath], part: &str) -> Option<Component> {
        let mut portions = Vec::new();
        for directory in directories {
            let Ok(path) = directory.join(part) else { continue };
            let inner = self.tree.resolve(&path).filter(|inner| self.is_directory(inner));
            if let Some(inner) = &inner
                && let Some(file) = self.file_of(inner, "__init__")
            {
                return Some(Component::Package(file, inner.clone()));
            }
            if let Some(file) = self.file_of(directory, part) {
                return Some(Component::Module(file));
            }
            portions.extend(inner);
        }
        (!portions.is_empty()).then_some(Component::Namespace(portions))
    }

    /// The file of the module `name` in `directory`, extension modules first.
    fn file_of(&self, directory: &TreePath, name: &str) -> Option<TreePath> {
        self.suffixes.iter().find_map(|suffix| {
            let path = self.tree.resolve(&directory.join(format!("{name}{suffix}")).ok()?)?;
            let is_file = matches!(self.tree.get(&path)?.kind, Kind::File { .. } | Kind::HardLink { .. });
            is_file.then_some(path)
        })
    }

    /// An extension module of that name for another interpreter or platform.
    fn unfit(&self, directories: &[TreePath], part: &str) -> Option<String> {
        let start = format!("{part}.");
        directories.iter().find_map(|directory| {
            let first = directory.join(&start).ok()?;
            let names = self.tree.entries.range(first..).map(|(path, _)| path);
            names
                .take_while(|path| path.parent().as_ref() == Some(directory))
                .take_while(|path| path.file_name().starts_with(start.as_bytes()))
                .find_map(|path| {
                    let name = std::str::from_utf8(path.file_name()).ok()?;
                    ExtensionName::parse(name)?;
                    let verdict = abi::judge(name, &[], self.target)?;
                    Some(format!("`{name}` is there, but {}", verdict.because))
                })
        })
    }

    fn is_directory(&self, path: &TreePath) -> bool {
        match self.tree.get(path) {
            Some(entry) => entry.kind == Kind::Directory,
            None => self.tree.below(path).next().is_some(),
        }
    }

    /// Adds a `site-packages` directory and what its `.pth` files name, as `site.addsitedir` does.
    fn add_site(&mut self, site: &TreePath) {
        self.directories.push(site.clone());
        let files: BTreeSet<TreePath> = self
            .tree
            .below(site)
            .map(|(path, _)| path)
            .filter(|path| path.as_bytes().ends_with(b".pth") && path.parent().as_ref() == Some(site))
            .cloned()
            .collect();
        for file in files {
            // The finders of editable installs; other `.pth` code (coverage, distutils) finds nothing new.
            self.has_foreign_finder |= file.file_name().starts_with(b"__editable__");
            let Some(text) = (self.read)(&file) else { continue };
            for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
                if line.is_empty()
                    || line.starts_with('#')
                    || line.starts_with("import ")
                    || line.starts_with("import\t")
                {
                    continue;
                }
                if let Some(directory) = self.tree.resolve(&named(site, line))
                    && !self.directories.contains(&directory)
                {
                    self.directories.push(directory);
                }
            }
        }
    }

    /// CPython's major and minor version.
    pub fn python(&self) -> (u8, u8) {
        let part = |number| u8::try_from(number).unwrap_or(u8::MAX);
        (part(self.target.python.major), part(self.target.python.minor))
    }
}

/// The directory that a line of a `.pth` file in `site` names.
fn named(site: &TreePath, line: &str) -> TreePath {
    let start = if line.starts_with('/') { TreePath::ROOT } else { site.clone() };
    line.split('/').fold(start, |path, part| match part {
        ".." => path.parent().unwrap_or_default(),
        _ => path.join(part).unwrap_or(path),
    })
}

/// Names that the standard library puts into `sys.modules` itself.
const KNOWN_AT_RUN_TIME: &[&str] =
    &["os.path", "typing.io", "typing.re", "xml.parsers.expat.model", "xml.parsers.expat.errors"];

//! Resolves the shared libraries of every ELF file as the dynamic loader would (ld.so(8)), from metadata alone.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Tree, TreePath};
use bareboat_packages::deb::Architecture;
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::system::ld_so_cache;

/// A tree as the loader sees it.
pub struct Loader<'a> {
    tree: &'a Tree,
    elf: &'a BTreeMap<&'a TreePath, &'a ElfFacts>,
    architecture: Architecture,
    /// Directories of `LD_LIBRARY_PATH`.
    environment: Vec<String>,
    system: Vec<String>,
    /// Every file's own name and soname → who has it, for libraries that a program loads by path before they are needed.
    by_name: BTreeMap<String, Vec<&'a TreePath>>,
}

/// Something the loader would stumble over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoaderFault {
    /// A needed library is nowhere on the search path.
    Missing {
        /// Who needs it.
        file: TreePath,
        /// Its name.
        soname: String,
        /// Where the loader looks.
        searched: Vec<String>,
    },
    /// A library is there, but without a symbol version that is wanted.
    Version {
        /// Who wants it.
        file: TreePath,
        /// The library.
        library: TreePath,
        /// The version: `GLIBC_2.38`.
        version: String,
    },
    /// The program's loader is not there.
    Interpreter {
        /// The program.
        file: TreePath,
        /// The loader's path.
        interpreter: String,
    },
    /// The file is for another processor.
    Machine {
        /// The file.
        file: TreePath,
        /// ELF `e_machine`.
        machine: u16,
    },
}

impl LoaderFault {
    /// The file that has the problem.
    pub fn file(&self) -> &TreePath {
        match self {
            Self::Missing { file, .. }
            | Self::Version { file, .. }
            | Self::Interpreter { file, .. }
            | Self::Machine { file, .. } => file,
        }
    }
}

/// Libraries that come with the host's drivers and are mounted by the engine (NVIDIA container toolkit).
const FROM_THE_HOST: &[&str] =
    &["libcuda.so.1", "libnvidia-ml.so.1", "libnvidia-ptxjitcompiler.so.1", "libnvcuvid.so.1"];

impl<'a> Loader<'a> {
    /// The loader of a tree for `architecture`, with the image's `LD_LIBRARY_PATH`.
    pub fn new(
        tree: &'a Tree,
        elf: &'a BTreeMap<&'a TreePath, &'a ElfFacts>,
        architecture: Architecture,
        library_path: &str,
    ) -> Self {
        let mut by_name: BTreeMap<String, Vec<&TreePath>> = BTreeMap::new();
        for (path, facts) in elf {
            let file = String::from_utf8_lossy(path.file_name()).into_owned();
            let names: BTreeSet<String> = [Some(file), facts.soname.clone()].into_iter().flatten().collect();
            for name in names {
                by_name.entry(name).or_default().push(path);
            }
        }
        Self {
            tree,
            elf,
            architecture,
            environment: library_path
                .split([':', ';'])
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            system: ld_so_cache::directories(architecture).to_vec(),
            by_name,
        }
    }

    /// Every fault of every file, in path order.
    pub fn faults(&self) -> Vec<LoaderFault> {
        let mut faults = Vec::new();
        for (path, facts) in self.elf {
            self.check(path, facts, &mut faults);
        }
        faults.sort();
        faults
    }

    fn check(&self, path: &TreePath, facts: &ElfFacts, faults: &mut Vec<LoaderFault>) {
        if facts.machine != elf_machine(self.architecture) {
            faults.push(LoaderFault::Machine { file: path.clone(), machine: facts.machine });
            return;
        }
        if let Some(interpreter) = &facts.interpreter
            && TreePath::new(interpreter).ok().and_then(|path| self.tree.resolve(&path)).is_none()
        {
            faults.push(LoaderFault::Interpreter { file: path.clone(), interpreter: interpreter.clone() });
        }
        for soname in &facts.needed {
            match self.find(path, facts, soname) {
                Found::At(library) => self.check_versions(path, facts, soname, &library, faults),
                Found::Elsewhere => {}
                Found::Nowhere(searched) => {
                    faults.push(LoaderFault::Missing {
                        file: path.clone(),
                        soname: soname.clone(),
                        searched,
                    });
                }
            }
        }
    }

    fn check_versions(
        &self,
        path: &TreePath,
        facts: &ElfFacts,
        soname: &str,
        library: &TreePath,
        faults: &mut Vec<LoaderFault>,
    ) {
        let Some(wanted) = facts.version_needs.get(soname) else { return };
        let Some(defined) = self.elf.get(library).map(|facts| &facts.version_definitions) else { return };
        if defined.is_empty() {
            return;
        }
        for version in wanted.difference(defined) {
            let (file, library, version) = (path.clone(), library.clone(), version.clone());
            faults.push(LoaderFault::Version { file, library, version });
        }
    }

    fn find(&self, path: &TreePath, facts: &ElfFacts, soname: &str) -> Found {
        if FROM_THE_HOST.contains(&soname) {
            return Found::Elsewhere;
        }
        if soname.contains('/') {
            return self.at(soname).map_or_else(|| Found::Nowhere(vec![soname.to_owned()]), Found::At);
        }
        let directories = self.search_path(path, facts);
        let hit = directories.iter().find_map(|directory| self.at(&format!("{directory}/{soname}")));
        if let Some(library) = hit {
            return Found::At(library);
        }
        // A package may load its own libraries by path before anything needs them (`ctypes.CDLL`): same distribution only.
        let own_root = distribution_root(path);
        let siblings = self.by_name.get(soname).into_iter().flatten();
        match siblings.into_iter().any(|other| distribution_root(other) == own_root && own_root.is_some()) {
            true => Found::Elsewhere,
            false => Found::Nowhere(directories),
        }
    }

    /// The directories the loader looks in for what `path` needs: `RUNPATH` hides `RPATH`.
    fn search_path(&self, path: &TreePath, facts: &ElfFacts) -> Vec<String> {
        let origin = path.parent().unwrap_or_default().to_string();
        let expand = |list: &Option<String>| -> Vec<String> {
            let list = list.as_deref().unwrap_or_default();
            let directories = list.split(':').filter(|directory| !directory.is_empty());
            directories
                .map(|directory| {
                    directory
                        .replace("${ORIGIN}", &origin)
                        .replace("$ORIGIN", &origin)
                        .replace("$LIB", "lib")
                        .trim_end_matches('/')
                        .to_owned()
                })
                .collect()
        };
        let mut directories = if facts.runpath.is_none() { expand(&facts.rpath) } else { Vec::new() };
        directories.extend(self.environment.iter().cloned());
        directories.extend(expand(&facts.runpath));
        directories.extend(self.system.iter().cloned());
        directories
    }

    /// The library at `path`, links and `..` followed, when it is ELF of this architecture.
    fn at(&self, path: &str) -> Option<TreePath> {
        let resolved = resolve_text(self.tree, path)?;
        let facts = self.elf.get(&resolved)?;
        (facts.machine == elf_machine(self.architecture)).then_some(resolved)
    }
}

enum Found {
    At(TreePath),
    Elsewhere,
    Nowhere(Vec<String>),
}

/// ELF `e_machine` (System V ABI, processor supplements).
fn elf_machine(architecture: Architecture) -> u16 {
    match architecture {
        Architecture::Amd64 => 62,
        Architecture::Arm64 => 183,
    }
}

/// `$ORIGIN/../x.libs` has `..`, which a [`TreePath`] cannot: it is taken off textually, as no directory of a wheel or a
/// package that a run path leads through is a link.
fn resolve_text(tree: &Tree, path: &str) -> Option<TreePath> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    tree.resolve(&TreePath::new(parts.join("/")).ok()?)
}

/// The top-level directory of a distribution in `site-packages`, without the `.libs` that auditwheel adds.
fn distribution_root(path: &TreePath) -> Option<String> {
    let text = path.to_str_lossy().into_owned();
    let (_, below) = text.split_once("/site-packages/")?;
    let top = below.split('/').next()?;
    Some(top.trim_end_matches(".libs").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;
    use bareboat_store::Digest;

    const GLIBC: &str = "usr/lib/x86_64-linux-gnu/libc.so.6";
    const EXTENSION: &str = "app/.venv/lib/python3.13/site-packages/pkg/native.so";

    fn facts(machine: u16) -> ElfFacts {
        ElfFacts::of_bytes(&bareboat_testkit::elf::ElfMaker::library(machine).build()).unwrap()
    }

    fn faults(files: &[(&str, ElfFacts)]) -> Vec<LoaderFault> {
        let mut tree = Tree::new();
        let paths: Vec<TreePath> = files.iter().map(|(path, _)| TreePath::new(path).unwrap()).collect();
        for path in &paths {
            tree.insert(path.clone(), Entry::file(Digest::of(b""), 0, 0o644));
        }
        let elf = paths.iter().zip(files).map(|(path, (_, facts))| (path, facts)).collect();
        Loader::new(&tree, &elf, Architecture::Amd64, "").faults()
    }

    #[test]
    fn finds_libraries_and_checks_the_versions_they_define() {
        let mut libc = facts(62);
        libc.version_definitions = BTreeSet::from(["GLIBC_2.36".to_owned()]);
        let mut extension = facts(62);
        extension.needed = vec!["libc.so.6".to_owned()];
        let old = BTreeSet::from(["GLIBC_2.36".to_owned()]);
        extension.version_needs = BTreeMap::from([("libc.so.6".to_owned(), old)]);
        assert_eq!(faults(&[(GLIBC, libc.clone()), (EXTENSION, extension.clone())]), []);
        extension.version_needs =
            BTreeMap::from([("libc.so.6".to_owned(), BTreeSet::from(["GLIBC_2.38".to_owned()]))]);
        let found = faults(&[(GLIBC, libc), (EXTENSION, extension)]);
        assert!(
            matches!(&found[..], [LoaderFault::Version { version, .. }] if version == "GLIBC_2.38"),
            "{found:?}"
        );
    }

    #[test]
    fn follows_run_paths_and_names_what_is_missing() {
        let mut extension = facts(62);
        extension.needed = vec!["libx.so.1".to_owned(), "libgone.so.2".to_owned()];
        extension.runpath = Some("$ORIGIN/../pkg.libs".to_owned());
        let bundled = "app/.venv/lib/python3.13/site-packages/pkg.libs/libx.so.1";
        let found = faults(&[(EXTENSION, extension), (bundled, facts(62))]);
        assert!(
            matches!(&found[..], [LoaderFault::Missing { soname, .. }] if soname == "libgone.so.2"),
            "{found:?}"
        );
    }

    #[test]
    fn tells_foreign_processors_and_absent_loaders() {
        let mut program = facts(62);
        program.interpreter = Some("/lib64/ld-linux-x86-64.so.2".to_owned());
        let found = faults(&[("app/tool", program), ("app/arm", facts(183))]);
        assert!(
            matches!(
                &found[..],
                [LoaderFault::Interpreter { .. }, LoaderFault::Machine { machine: 183, .. }]
            ),
            "{found:?}"
        );
    }
}

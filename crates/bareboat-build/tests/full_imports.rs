//! Looking for modules gives what CPython itself finds, in a real environment with packages of many habits.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_build::app::imports::{Entry, Found, Modules, Need, SearchPath, Sources, check, scan_all};
use bareboat_image::{Entry as TreeEntry, Tree, TreePath};
use bareboat_packages::deb::Architecture;
use bareboat_packages::pypi::{PythonVersion, Target};
use bareboat_store::Digest;

/// Namespace packages, extension modules, generated modules, lazy modules, `.pth` files.
const DISTRIBUTIONS: [&str; 12] = [
    "flask",
    "fastapi",
    "sqlalchemy",
    "requests",
    "numpy",
    "pandas",
    "google-cloud-storage",
    "six",
    "setuptools",
    "cryptography",
    "django",
    "celery",
];

/// Imports what it can of the given packages, and prints every module that then exists with a name of its own.
const LOADED: &str = "
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name, module in sorted(sys.modules.items()):
    if getattr(module, '__spec__', None) is not None and module.__spec__.name == name:
        print(name)
";

const IMPORTED: [&str; 15] = [
    "flask",
    "fastapi",
    "sqlalchemy.orm",
    "requests",
    "numpy",
    "pandas",
    "google.cloud.storage",
    "six.moves.urllib.parse",
    "setuptools",
    "cryptography.hazmat.bindings._rust",
    "django.contrib.admin",
    "celery",
    "xml.dom.minidom",
    "sqlite3",
    "concurrent.futures.process",
];

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn path(path: &Path) -> TreePath {
    TreePath::new(path.to_str().unwrap()).unwrap()
}

fn add(tree: &mut Tree, directory: &Path) {
    let mut pending: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        tree.insert(path(&next), TreeEntry::directory(0o755));
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => pending.push(entry.path()),
                kind if kind.is_file() => {
                    tree.insert(path(&entry.path()), TreeEntry::file(Digest::of(b""), 0, 0o644));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn finds_what_the_interpreter_finds() {
    if std::env::var_os("BAREBOAT_FULL").is_none_or(|value| value != "1") {
        eprintln!("skipped: needs the package index; set BAREBOAT_FULL=1");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let environment = directory.path().join("environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let python = environment.join("bin/python");
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"])
        .args(DISTRIBUTIONS));
    let facts = "import sys, sysconfig; p = sysconfig.get_paths(); print(*sys.version_info[:3], p['stdlib'], p['purelib'])";
    let facts = run(Command::new(&python).args(["-c", facts]));
    let facts: Vec<&str> = facts.split_whitespace().collect();
    let number = |index: usize| facts[index].parse::<u32>().unwrap();
    let (standard, site) = (Path::new(facts[3]), Path::new(facts[4]));
    let mut tree = Tree::new();
    add(&mut tree, standard);
    add(&mut tree, site);
    let version = PythonVersion::new(number(0), number(1), number(2));
    let target = Target::new(version, (2, 36), Architecture::Amd64);
    let search = SearchPath {
        first: Vec::new(),
        standard: vec![path(standard), path(&standard.join("lib-dynload"))],
        sites: vec![path(site)],
    };
    let read = |path: &TreePath| fs::read(path.to_string()).ok();
    let modules = Modules::new(&tree, &target, &search, &read);

    let loaded = run(Command::new(&python).args(["-c", LOADED]).args(IMPORTED));
    let missing: Vec<_> =
        loaded.lines().filter(|name| matches!(modules.find(name), Found::Missing { .. })).collect();
    let unknown = loaded.lines().filter(|name| matches!(modules.find(name), Found::Unknown(_))).count();
    eprintln!("{} modules loaded, {unknown} of them unknown", loaded.lines().count());
    assert!(missing.is_empty(), "{missing:?}");
    assert!(unknown * 20 < loaded.lines().count());
    for gone in ["no_such_module", "flask.gone", "numpy.gone", "email.gone", "google.gone"] {
        assert!(!matches!(modules.find(gone), Found::Present { .. }), "{gone}");
    }
    own_code(&modules, site);
}

/// Packages taken for the application itself: everything they need to be imported is there.
fn own_code(modules: &Modules<'_>, site: &Path) {
    let root = path(site);
    for package in ["flask", "fastapi", "sqlalchemy", "requests", "pandas", "django", "celery"] {
        let mut tree = Tree::new();
        add(&mut tree, &site.join(package));
        let own = tree.entries.keys().filter(|path| path.as_bytes().ends_with(b".py"));
        let own: Vec<_> = own.map(|path| (path.clone(), fs::read(path.to_string()).unwrap())).collect();
        let sources: Sources = scan_all(own, modules.python()).into_iter().collect();
        let report =
            check(modules, &sources, std::slice::from_ref(&root), &[Entry::Module(package.to_owned())]);
        let required: Vec<_> =
            report.missing.iter().filter(|missing| missing.need == Need::Required).collect();
        eprintln!(
            "{package}: {} resolved, {} missing, {} unknown, {} files unreached",
            report.resolved,
            report.missing.len(),
            report.unknown.len(),
            report.unreached.len()
        );
        assert!(required.is_empty(), "{package}: {required:#?}");
        assert!(report.resolved > 20);
    }
}

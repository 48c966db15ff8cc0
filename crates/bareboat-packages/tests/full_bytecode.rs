//! Bytecode from the interpreters of both Debian releases: the same whatever surrounds a file, equal to `py_compile`'s.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod composed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bareboat_image::TreePath;
use bareboat_packages::bytecode::{BytecodeError, Compiler, Outcome, STARTUP_MODULES};
use composed::{RELEASES, Release, full, python_files, root, run};

type Sources = Vec<(TreePath, Vec<u8>)>;

fn stdlib(root: &Path, release: Release) -> Sources {
    let (major, minor) = release.python;
    let directory = format!("usr/lib/python{major}.{minor}");
    sources(&root.join(&directory), &directory)
}

fn sources(directory: &Path, prefix: &str) -> Sources {
    let read = |path: &PathBuf| {
        let at = TreePath::new(format!("{prefix}/{}", path.display())).unwrap();
        (at, std::fs::read(directory.join(path)).unwrap())
    };
    python_files(directory).iter().map(read).collect()
}

/// The sources of some large packages of the index: many files with the same names in them.
fn packages(directory: &Path) -> Sources {
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--no-compile",
            "--target",
        ])
        .arg(directory)
        .args(["django==5.2.8", "sqlalchemy==2.0.44", "setuptools==80.9.0"]));
    sources(directory, "app/.venv/lib/site-packages")
}

fn compile(compiler: &Compiler, sources: Sources) -> BTreeMap<TreePath, Outcome> {
    let mut outcomes = BTreeMap::new();
    let take = |path, outcome| -> Result<(), BytecodeError> {
        assert!(outcomes.insert(path, outcome).is_none());
        Ok(())
    };
    compiler.compile_all(sources, take).unwrap();
    outcomes
}

#[track_caller]
fn assert_same(left: &BTreeMap<TreePath, Outcome>, right: &BTreeMap<TreePath, Outcome>, how: &str) {
    assert_eq!(left.len(), right.len());
    let differing: Vec<_> =
        left.iter().filter(|(path, outcome)| right[*path] != **outcome).map(|(path, _)| path).collect();
    assert!(differing.is_empty(), "{how}: {differing:?}");
}

#[test]
fn bytes_depend_on_nothing_but_the_source() {
    if !full() {
        return;
    }
    for release in RELEASES {
        let directory = root(release);
        let root = directory.path().join("root");
        let mut sources = stdlib(&root, release);
        sources.extend(packages(&directory.path().join("packages")));
        let compiler = |processes| Compiler::new(&root, release.python, processes).unwrap();
        let started = Instant::now();
        let expected = compile(&compiler(1), sources.clone());
        eprintln!("{} files of {} in {:?}", sources.len(), release.suite, started.elapsed());
        assert!(expected.values().filter(|outcome| matches!(outcome, Outcome::Code(_))).count() > 500);

        let reversed = sources.iter().rev().cloned().collect();
        assert_same(&expected, &compile(&compiler(1), reversed), "reversed");
        assert_same(&expected, &compile(&compiler(2), sources.clone()), "two processes");
        // Everything after everything: the interpreter has interned every name of every file.
        let shared = compiler(1);
        compile(&shared, sources.clone());
        assert_same(&expected, &compile(&shared, sources.clone()), "a second time");
        let alone: BTreeMap<_, _> = sources
            .iter()
            .step_by(37)
            .map(|(path, source)| (path.clone(), compiler(1).compile(path, source).unwrap()))
            .collect();
        let picked = expected.iter().filter(|(path, _)| alone.contains_key(*path));
        assert_same(
            &alone,
            &picked.map(|(path, outcome)| (path.clone(), outcome.clone())).collect(),
            "alone",
        );
    }
}

/// Compares with `py_compile` in a fresh process: same header, equal code object by object.
const COMPARE: &str = r#"
import marshal, py_compile, sys, os
def same(a, b, path):
    if type(a) is not type(b):
        raise SystemExit(f"{path}: {a!r} is not {b!r}")
    if isinstance(a, type(same.__code__)):
        for name in sorted(n for n in dir(a) if n.startswith("co_") and not callable(getattr(a, n))):
            same(getattr(a, name), getattr(b, name), f"{path}.{name}")
    elif isinstance(a, (tuple, list)):
        if len(a) != len(b):
            raise SystemExit(f"{path}: {a!r} is not {b!r}")
        for index, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{path}[{index}]")
    elif isinstance(a, frozenset):
        if a != b or sorted(map(repr, a)) != sorted(map(repr, b)):
            raise SystemExit(f"{path}: {a!r} is not {b!r}")
    elif repr(a) != repr(b):
        raise SystemExit(f"{path}: {a!r} is not {b!r}")
count = 0
for line in open(sys.argv[1]):
    source, name, ours = line.rstrip("\n").split("\t")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(source, cfile=sys.argv[2], dfile=name, doraise=True, invalidation_mode=mode)
    theirs, ours = open(sys.argv[2], "rb").read(), open(ours, "rb").read()
    if theirs[:16] != ours[:16]:
        raise SystemExit(f"{name}: another header")
    same(marshal.loads(theirs[16:]), marshal.loads(ours[16:]), name)
    count += 1
print(count)
"#;

/// A command that runs the composed interpreter.
fn python(root: &Path, release: Release) -> Command {
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|tail| root.join(tail));
    let loader =
        libraries.iter().map(|directory| directory.join("ld-linux-x86-64.so.2")).find(|path| path.exists());
    let mut command = Command::new(loader.unwrap());
    let path = libraries.map(|directory| directory.display().to_string()).join(":");
    command.arg("--library-path").arg(path);
    command.arg(root.join(format!("usr/bin/python{}.{}", release.python.0, release.python.1)));
    command.env_clear().args(["-I", "-S"]);
    command
}

#[test]
fn loads_to_the_same_code_as_py_compile() {
    if !full() {
        return;
    }
    for release in RELEASES {
        let directory = root(release);
        let root = directory.path().join("root");
        let mut sources = stdlib(&root, release);
        sources.extend(packages(&directory.path().join("root/app/.venv/lib/site-packages")));
        let compiler = Compiler::new(&root, release.python, 2).unwrap();
        let mut list = String::new();
        for (index, (path, outcome)) in compile(&compiler, sources).into_iter().enumerate() {
            let Outcome::Code(bytes) = outcome else { continue };
            let ours = directory.path().join(format!("{index}.pyc"));
            std::fs::write(&ours, bytes).unwrap();
            list += &format!("{}\t{path}\t{}\n", root.join(&*path.to_str_lossy()).display(), ours.display());
        }
        let list_file = directory.path().join("list");
        std::fs::write(&list_file, list).unwrap();
        let theirs = directory.path().join("theirs.pyc");
        let compared = run(python(&root, release).args(["-B", "-c", COMPARE]).arg(list_file).arg(theirs));
        eprintln!("{}: {} files compared", release.suite, String::from_utf8_lossy(&compared).trim());
    }
}

#[test]
fn refuses_what_is_no_python_and_survives_what_breaks_the_interpreter() {
    if !full() {
        return;
    }
    for release in RELEASES {
        let directory = root(release);
        let compiler = Compiler::new(&directory.path().join("root"), release.python, 1).unwrap();
        let path = TreePath::new("app/x.py").unwrap();
        let refused = |source: &[u8]| match compiler.compile(&path, source).unwrap() {
            Outcome::Refused { line, message } => (line, message),
            Outcome::Code(_) => panic!("{:?} is no Python", String::from_utf8_lossy(source)),
        };
        assert_eq!(refused(b"x = 1\nprint 'two'\n").0, Some(2));
        refused(b"x = '\xff'\n");
        refused(b"\0");
        refused(b"# coding: no-such\n");
        refused("(".repeat(100_000).as_bytes());
        refused(format!("x = {}1\n", "-".repeat(200_000)).as_bytes());
        refused(&vec![b' '; 9 << 20]);
        let latin: &[u8] = b"# coding: latin-1\nx = '\xe9'\n";
        for source in [&b""[..], b"x = '\\d'\n", latin, b"from . import y\n"] {
            assert!(matches!(compiler.compile(&path, source).unwrap(), Outcome::Code(_)));
        }
    }
}

#[test]
fn gives_up_on_a_slow_file_and_goes_on_with_the_next() {
    if !full() {
        return;
    }
    let directory = root(RELEASES[0]);
    let compiler = Compiler::new(&directory.path().join("root"), RELEASES[0].python, 1)
        .unwrap()
        .with_timeout(Duration::from_millis(1500));
    let path = TreePath::new("app/x.py").unwrap();
    let slow = "x = [1, 2, 3, 'some text', (4, 5), lambda a: a + 1]\n".repeat(150_000);
    let error = compiler.compile(&path, slow.as_bytes()).unwrap_err();
    assert!(matches!(error, BytecodeError::TooSlow { .. }), "{error}");
    assert!(matches!(compiler.compile(&path, b"x = 1\n").unwrap(), Outcome::Code(_)));
}

#[test]
fn starts_faster_with_bytecode_of_its_own() {
    if !full() {
        return;
    }
    for release in RELEASES {
        let directory = root(release);
        let root = directory.path().join("root");
        let source = TreePath::new("app/x.py").unwrap();
        let once = || {
            let started = Instant::now();
            let compiler = Compiler::new(&root, release.python, 1).unwrap();
            let outcome = compiler.compile(&source, b"x = 1\n").unwrap();
            (started.elapsed(), outcome)
        };
        let best = || (0..10).map(|_| once()).min_by_key(|(time, _)| *time).unwrap();
        let (cold, before) = best();
        let compiler = Compiler::new(&root, release.python, 1).unwrap();
        let (major, minor) = release.python;
        for module in STARTUP_MODULES {
            let path = TreePath::new(format!("usr/lib/python{major}.{minor}/{module}")).unwrap();
            let bytes = std::fs::read(root.join(&*path.to_str_lossy())).unwrap();
            let Outcome::Code(code) = compiler.compile(&path, &bytes).unwrap() else {
                panic!("{module} compiles")
            };
            let cache = root.join(&*compiler.cache_path(&path).unwrap().to_str_lossy());
            std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
            std::fs::write(cache, code).unwrap();
        }
        let (warm, after) = best();
        assert_eq!(before, after);
        eprintln!("{}: first file after {cold:?}, with its own bytecode {warm:?}", release.suite);
    }
}

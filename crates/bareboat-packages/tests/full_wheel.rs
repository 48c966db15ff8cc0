//! Real wheels of the package index, installed as pip installs them.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod composed;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_image::TreePath;
use bareboat_packages::wheel::{InstallOptions, Member, VenvLayout, Wheel};
use composed::{full, run};

/// Extension modules, scripts, data files, a program as script, many small files.
const DISTRIBUTIONS: [&str; 7] = [
    "numpy==2.2.6",
    "cryptography==46.0.3",
    "django==5.2.8",
    "ruff==0.14.5",
    "jupyterlab-widgets==3.0.16",
    "greenlet==3.2.4",
    "markupsafe==3.0.3",
];

/// Mode and content by path below the environment.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

#[test]
fn installs_the_same_files_as_pip() {
    if !full() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let wheels = directory.path().join("wheels");
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"];
    run(Command::new("python3").args(pip).arg(&wheels).args(DISTRIBUTIONS));
    let python = host_python();
    let mut wheels: Vec<_> = fs::read_dir(&wheels).unwrap().map(|entry| entry.unwrap().path()).collect();
    wheels.sort();
    assert_eq!(wheels.len(), DISTRIBUTIONS.len());
    for wheel in wheels {
        compare(directory.path(), &wheel, python);
    }
}

/// Distributions whose wheels come from many different build tools, some with repairs by other tools afterwards.
const ODD: [&str; 26] = [
    "pandas",
    "pillow",
    "lxml",
    "scipy",
    "grpcio",
    "protobuf",
    "opencv-python-headless",
    "playwright",
    "pymupdf",
    "streamlit",
    "botocore",
    "uvloop",
    "orjson",
    "pyzmq",
    "shapely",
    "polars",
    "psycopg2-binary",
    "pydantic-core",
    "sqlalchemy",
    "setuptools",
    "pip",
    "uv",
    "cmake",
    "ansible-core",
    "debugpy",
    "pywin32-ctypes",
];

#[test]
fn accepts_the_wheels_of_many_build_tools() {
    if !full() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"];
    run(Command::new("python3").args(pip).arg(directory.path()).args(ODD));
    let layout =
        VenvLayout::new(TreePath::new("app/.venv").unwrap(), (3, 13), "/usr/bin/python3.13").unwrap();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().display().to_string();
        let wheel = Wheel::open(File::open(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let members = wheel.members(&layout, InstallOptions::default());
        for member in members.unwrap_or_else(|error| panic!("{name}: {error}")) {
            let mut reader = wheel.reader(&member);
            let read = std::io::copy(&mut reader, &mut std::io::sink());
            assert_eq!(read.unwrap_or_else(|error| panic!("{name}: {}: {error}", member.path)), member.size);
        }
    }
}

fn compare(directory: &Path, path: &Path, python: (u8, u8)) {
    let environment = directory.join("environment");
    if environment.exists() {
        fs::remove_dir_all(&environment).unwrap();
    }
    run(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&environment));
    let before = installed(&environment);
    run(Command::new("python3")
        .args(["-m", "pip", "--python"])
        .arg(environment.join("bin/python"))
        .args(["install", "--quiet", "--no-deps", "--no-compile", "--no-index"])
        .arg(path));
    let mut theirs = installed(&environment);
    theirs.retain(|path, _| !before.contains_key(path));
    let root = TreePath::new(environment.to_str().unwrap()).unwrap();
    let wheel = Wheel::open(File::open(path).unwrap()).unwrap();
    let layout = VenvLayout::new(root.clone(), python, "/usr/bin/python3").unwrap();
    // A wheel given as a file is one given by URL: pip writes both files.
    let options = InstallOptions { requested: true, direct_url: Some("{}") };
    let ours: Files = wheel
        .members(&layout, options)
        .unwrap()
        .iter()
        .map(|member| (relative(member, &root), (u32::from(member.mode), content(&wheel, member))))
        .collect();

    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs), "{}", path.display());
    let mut rewritten = Vec::new();
    for (name, (mode, bytes)) in &ours {
        let (their_mode, their_bytes) = &theirs[name];
        assert_eq!(mode, their_mode, "mode of {name}");
        if name.ends_with("/RECORD") {
            compare_records(bytes, their_bytes);
        } else if bytes != their_bytes {
            rewritten.push(name.rsplit('/').next().unwrap());
        }
    }
    let generated = |name: &&str| {
        ["INSTALLER", "direct_url.json"].contains(name) || ours.contains_key(&format!("bin/{name}"))
    };
    assert!(rewritten.iter().all(generated), "{rewritten:?}");
    eprintln!("{}: {} files, {rewritten:?} differ", path.file_name().unwrap().display(), ours.len());
}

/// Every row has the same hash and size, apart from those of files that installers write.
fn compare_records(ours: &[u8], theirs: &[u8]) {
    let rows = |bytes: &[u8]| -> BTreeMap<String, String> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines()
            .map(|line| line.split_once(',').unwrap())
            .map(|(a, b)| (a.into(), b.trim().into()))
            .collect()
    };
    let (ours, theirs) = (rows(ours), rows(theirs));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (path, row) in &ours {
        if !path.contains("../bin/") && !path.ends_with("INSTALLER") && !path.ends_with("direct_url.json") {
            assert_eq!(row, &theirs[path], "{path}");
        }
    }
}

fn installed(directory: &Path) -> Files {
    let mut files = Files::new();
    let mut pending: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let metadata = fs::symlink_metadata(entry.path()).unwrap();
            if metadata.is_dir() {
                pending.push(entry.path());
            } else if metadata.is_file() {
                let name = entry.path().strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
                files.insert(name, (metadata.permissions().mode() & 0o777, fs::read(entry.path()).unwrap()));
            }
        }
    }
    files
}

fn relative(member: &Member, root: &TreePath) -> String {
    member.path.strip_prefix(root).unwrap().to_str_lossy().into_owned()
}

fn content(wheel: &Wheel, member: &Member) -> Vec<u8> {
    let mut content = Vec::new();
    wheel.reader(member).read_to_end(&mut content).unwrap();
    content
}

/// Release of the `python3` that pip runs with: its wheels are the ones pip downloads.
fn host_python() -> (u8, u8) {
    let version = run(Command::new("python3").args(["-c", "import sys; print(*sys.version_info[:2])"]));
    let text = String::from_utf8(version).unwrap();
    let (major, minor) = text.trim().split_once(' ').unwrap();
    (major.parse().unwrap(), minor.parse().unwrap())
}

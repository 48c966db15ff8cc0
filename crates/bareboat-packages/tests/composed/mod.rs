//! A directory with a Debian release's own interpreter, made from packages of the archive this machine's apt uses.

// Each test binary uses a part of this.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A Debian release and its Python.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    pub suite: &'static str,
    pub python: (u8, u8),
}

pub const RELEASES: [Release; 2] =
    [Release { suite: "trixie", python: (3, 13) }, Release { suite: "bookworm", python: (3, 11) }];

/// True when tests that need the archive and the index shall run; says why not otherwise.
pub fn full() -> bool {
    let wanted = std::env::var_os("BAREBOAT_FULL").is_some_and(|value| value == "1");
    if !wanted {
        eprintln!("skipped: needs the Debian archive or the package index; set BAREBOAT_FULL=1");
    }
    wanted
}

/// The interpreter of `release` with its standard library, unpacked into a temporary directory.
pub fn root(release: Release) -> TempDir {
    let (major, minor) = release.python;
    let python = format!("{major}.{minor}");
    let names = [
        format!("python{python}-minimal"),
        format!("libpython{python}-minimal"),
        format!("libpython{python}-stdlib"),
        "libc6".to_owned(),
        "zlib1g".to_owned(),
        "libexpat1".to_owned(),
    ];
    let directory = tempfile::tempdir().unwrap();
    let mirror = mirror();
    let paths = package_paths(&mirror, release.suite);
    for name in names {
        let deb = directory.path().join("package.deb");
        fetch(&format!("{mirror}/{}", paths[&name]), &deb);
        run(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(directory.path().join("root")));
    }
    directory
}

/// Every regular `.py` file below `directory`, sorted, relative to it.
pub fn python_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|extension| extension == "py") {
                files.push(entry.path().strip_prefix(directory).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn fetch(url: &str, to: &Path) {
    run(Command::new("curl")
        .args(["--fail", "--silent", "--show-error", "--location", "--output"])
        .arg(to)
        .arg(url));
}

/// Where this machine's own apt finds Debian.
fn mirror() -> String {
    let uris = run(Command::new("apt-get").args(["indextargets", "--format", "$(SITE)"]));
    let text = String::from_utf8(uris).unwrap();
    let site = text.lines().find(|line| line.ends_with("/debian") || line.ends_with("/debian/"));
    site.expect("apt knows a Debian mirror").trim_end_matches('/').to_owned()
}

/// Archive paths of a suite's packages by name.
fn package_paths(mirror: &str, suite: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let packed = directory.path().join("Packages.xz");
    fetch(&format!("{mirror}/dists/{suite}/main/binary-amd64/Packages.xz"), &packed);
    let text = String::from_utf8(run(Command::new("xz").arg("-dc").arg(&packed))).unwrap();
    let field = |paragraph: &str, name: &str| {
        paragraph.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    text.split("\n\n")
        .filter_map(|paragraph| Some((field(paragraph, "Package:")?, field(paragraph, "Filename:")?)))
        .collect()
}

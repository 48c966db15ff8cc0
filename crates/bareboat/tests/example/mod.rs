//! The example application, locked once, in as many copies and caches as a test wants.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::apps;

/// An application with its lock, and the directory it lies in.
pub struct Locked {
    directory: tempfile::TempDir,
}

impl Locked {
    /// The repository's example, locked for both architectures in the shared cache. Made once per test program.
    pub fn example() -> &'static Self {
        static LOCKED: OnceLock<Locked> = OnceLock::new();
        LOCKED.get_or_init(|| {
            let locked = Self { directory: tempfile::tempdir().unwrap() };
            copy(&source(), &locked.directory.path().join("example"));
            let _ = fs::remove_file(locked.path().join("bareboat.lock"));
            apps::run(
                apps::bareboat()
                    .arg("lock")
                    .arg(locked.path())
                    .args(["--platform", "linux/amd64,linux/arm64"]),
            );
            // Fetches what the lock names.
            build(
                apps::bareboat()
                    .arg("build")
                    .arg(locked.path())
                    .args(["--platform", "linux/amd64,linux/arm64"]),
            );
            locked
        })
    }

    /// The application's directory. Tests leave it as it is.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("example")
    }

    /// Copies the application into a directory named as the original is.
    pub fn copy_below(&self, parent: &Path) -> PathBuf {
        let copied = parent.join("example");
        copy(&self.path(), &copied);
        copied
    }

    /// A cache at `directory` that holds what the lock names and nothing that was made of it.
    pub fn fresh_cache(&self, directory: &Path) {
        fill_cache(&self.path().join("bareboat.lock"), directory);
    }
}

/// Copies what a lock names from the shared cache into the one at `directory`.
pub fn fill_cache(lock: &Path, directory: &Path) {
    let lock = fs::read_to_string(lock).unwrap();
    let from = apps::cache().join("blobs/sha256");
    let mut copied = 0;
    for hex in lock.split("sha256:").skip(1).filter_map(|rest| rest.get(..64)) {
        let below = Path::new(&hex[..2]).join(hex);
        // Not every digest of a lock is a download's: it says which inputs it was made of, too.
        if !from.join(&below).exists() {
            continue;
        }
        let to = directory.join("blobs/sha256").join(&below);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(&below), to).unwrap();
        copied += 1;
    }
    assert!(copied > 30, "only {copied} downloads of the lock are in the shared cache");
}

/// Runs a `build` and reads the digest of what it built.
pub fn build(command: &mut Command) -> String {
    let output = apps::run(command.args(["--format", "json"]));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["version"], 1);
    value["result"]["descriptor"]["digest"].as_str().unwrap().to_owned()
}

/// Copies a directory of plain files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/app_python")
}

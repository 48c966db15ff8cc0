//! A home of its own for the binary: nothing of the user's cache, environment or terminal reaches a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_image::{ImageConfig, ImageRecord, Images, Platform, write_image};
use bareboat_store::Store;

/// A temporary home with a cache directory and room for applications.
pub struct Place {
    root: tempfile::TempDir,
}

/// What a run said.
pub struct Said {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// A path below the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The cache directory.
    pub fn cache(&self) -> PathBuf {
        self.path(".cache/bareboat")
    }

    /// Writes a file, with the directories above it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// An application that starts.
    pub fn application(&self, name: &str) -> &Self {
        self.file(&format!("{name}/main.py"), "if __name__ == '__main__':\n    print('hello')\n")
    }

    /// Puts an image without layers into the cache.
    pub fn image(&self, name: &str) -> &Self {
        let store = Store::open(&self.cache()).unwrap();
        let descriptor =
            write_image(&store, ImageConfig::new(Platform::linux("amd64")), &[], Default::default()).unwrap();
        let record = ImageRecord { descriptor, created: 0, annotations: Default::default() };
        Images::new(&store).put(&name.parse().unwrap(), &record).unwrap();
        self
    }

    /// The command in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        command
            .env_clear()
            .env("HOME", self.root.path())
            .env("PATH", "/usr/bin:/bin")
            .env("RUST_BACKTRACE", "0");
        command.current_dir(self.root.path()).args(arguments);
        command
    }

    /// Runs it; mentions of the home read `HOME`.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.finish(&mut self.command(arguments))
    }

    /// Runs a command made by [`Place::command`].
    pub fn finish(&self, command: &mut Command) -> Said {
        let output = command.output().unwrap();
        let canonical = self.root.path().canonicalize().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("everything printed is UTF-8");
            text.replace(&canonical.display().to_string(), "HOME")
        };
        Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Said {
    /// All of it, as a snapshot holds it.
    pub fn shown(&self) -> String {
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        format!("{}{}exit {code}", self.stdout, self.stderr)
    }
}

/// True when `test` may become another user or mount; otherwise says that it is skipped.
pub fn is_root(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        bareboat_testkit::full::skip(test, "it needs root");
    }
    is_root
}

/// Every file below `directory`.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

/// Changes one bit in the middle of a file and leaves its times alone, as a failing disk does.
pub fn flip(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).unwrap();
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    match bytes.get_mut(middle) {
        Some(byte) => *byte ^= 1,
        None => bytes.push(1),
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, metadata.permissions()).unwrap();
    let times = fs::FileTimes::new().set_modified(metadata.modified().unwrap());
    fs::File::open(path).unwrap().set_times(times).unwrap();
}

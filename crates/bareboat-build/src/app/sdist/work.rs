//! One run in the sandbox: a directory of its own that appears as `/build`, the sandbox's root beneath it read-only, no
//! network, a user without privileges, and an environment in which nothing is this machine's.
//!
//! Paths inside are always the same, so that what compilers note down is the same on every machine.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_sandbox::{
    Finished, Identity, Limits, Mount, RootMode, Sandbox, SandboxError, User, run_command,
};
use bareboat_store::{Digest, Store};

use crate::BuildError;
use crate::plan::MTIME;

/// The directory that appears as `/build`. Removed when dropped.
pub(super) struct Work {
    directory: tempfile::TempDir,
    is_root: bool,
}

/// What is run.
pub(super) struct Task<'a> {
    /// The sandbox's root.
    pub(super) root: &'a Path,
    /// The hook, as the driver calls it.
    pub(super) hook: &'a str,
    /// The source distribution's file name.
    pub(super) file_name: &'a str,
    /// The interpreter.
    pub(super) python: (u8, u8),
}

/// The user inside: nobody that any machine has.
const USER: u32 = 65532;

/// Longer than the largest builds take on slow machines, and an end to those that hang.
const MOST_TIME: Duration = Duration::from_secs(2 * 3600);

/// Bytes of output that are kept.
const MOST_OUTPUT: usize = 256 << 10;

/// More than any answer has.
const LARGEST_ANSWER: u64 = 1 << 20;

/// Larger than any wheel on an index.
const LARGEST_WHEEL: u64 = 8 << 30;

const DRIVER: &str = include_str!("driver.py");

/// What runs depend on besides their input: the driver, and how it is run. The number changes with the latter.
pub(super) fn identity() -> String {
    format!("1 {}", Digest::of(DRIVER).short())
}

impl Work {
    /// An empty one.
    pub(super) fn new(store: &Store) -> Result<Self, BuildError> {
        let parent = store.temporary_directory();
        let directory =
            tempfile::Builder::new().prefix("build-").tempdir_in(&parent).map_err(fail(&parent))?;
        // The owner of a directory just made is who we are.
        let is_root = fs::metadata(directory.path()).map_err(fail(&parent))?.uid() == 0;
        let work = Self { directory, is_root };
        for name in ["home", "tmp", "output"] {
            work.make_directory(name)?;
        }
        work.write("driver.py", DRIVER.as_bytes(), 0o644)?;
        Ok(work)
    }

    /// Copies the source distribution in, checked.
    pub(super) fn add_source(&self, store: &Store, sha256: &Digest, name: &str) -> Result<(), BuildError> {
        let path = self.path(name);
        let mut file = fs::File::create_new(&path).map_err(fail(&path))?;
        store.read_verified_to(sha256, &mut file)?;
        fs::set_permissions(&path, Permissions::from_mode(0o644)).map_err(fail(&path))
    }

    /// The host's path of `/build/RELATIVE`.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// Makes a directory that the user inside owns.
    fn make_directory(&self, relative: &str) -> Result<(), BuildError> {
        let path = self.path(relative);
        fs::create_dir(&path).map_err(fail(&path))?;
        self.hand_over(&path)
    }

    fn write(&self, relative: &str, content: &[u8], mode: u32) -> Result<(), BuildError> {
        let path = self.path(relative);
        fs::write(&path, content).map_err(fail(&path))?;
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(fail(&path))
    }

    fn hand_over(&self, path: &Path) -> Result<(), BuildError> {
        if self.is_root {
            chown(path, Some(USER), Some(USER)).map_err(fail(path))?;
        }
        Ok(())
    }

    /// Runs one hook to its end.
    pub(super) fn run(&self, task: &Task<'_>) -> Result<Finished, SandboxError> {
        let system =
            |error| SandboxError::System { act: "hand a directory over to the sandbox's user", error };
        fs::set_permissions(self.directory.path(), Permissions::from_mode(0o755)).map_err(system)?;
        if self.is_root {
            chown(self.directory.path(), Some(USER), Some(USER)).map_err(system)?;
        }
        let (major, minor) = task.python;
        let arguments = [
            format!("/build/environment/bin/python{major}.{minor}"),
            "-P".to_owned(),
            "-s".to_owned(),
            "/build/driver.py".to_owned(),
            task.hook.to_owned(),
            format!("/build/{}", task.file_name),
        ];
        let mut sandbox = Sandbox::for_build(task.root, arguments.map(Into::into).into());
        sandbox.root_mode = RootMode::ReadOnly;
        sandbox.user = User::new(USER, USER);
        // What an ordinary user's build writes must be that user's to read and to remove.
        sandbox.identity = if self.is_root { Identity::Automatic } else { Identity::Single };
        sandbox.hostname = Some("build".to_owned());
        sandbox.mounts.push(Mount::writable(self.directory.path(), "/build"));
        sandbox.environment = environment();
        sandbox.working_directory = PathBuf::from("/build");
        run_command(sandbox, Limits { time: Some(MOST_TIME), output: MOST_OUTPUT }, |_, _| {})
    }

    /// What the hook answered; `None` when it left no plain file of a sensible size.
    pub(super) fn answer(&self) -> Result<Option<Vec<u8>>, BuildError> {
        let path = self.path("result.json");
        let Some(file) = open_plain(&path) else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(LARGEST_ANSWER + 1).read_to_end(&mut bytes).map_err(fail(&path))?;
        Ok((bytes.len() as u64 <= LARGEST_ANSWER).then_some(bytes))
    }

    /// Puts a file of the output directory into the store; `None` when it is no plain file.
    pub(super) fn keep(&self, store: &Store, name: &str) -> Result<Option<(Digest, u64)>, BuildError> {
        let path = self.path("output").join(name);
        let Some(file) = open_plain(&path) else { return Ok(None) };
        let mut writer = store.writer()?;
        std::io::copy(&mut file.take(LARGEST_WHEEL), &mut writer).map_err(fail(&path))?;
        Ok(Some(writer.finish()?))
    }
}

impl Drop for Work {
    /// A build may leave directories that nobody can look into, which would keep them from being removed.
    fn drop(&mut self) {
        open_up(self.directory.path());
    }
}

/// Makes every directory one that its owner can empty. Nothing runs in there any more, so nothing changes underneath.
fn open_up(directory: &Path) {
    // What fails here fails again when the directory is removed; `cache prune` tries once more.
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// A file that a build left: no link, no pipe, no device. It has ended, so the answer stays true.
fn open_plain(path: &Path) -> Option<fs::File> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() { None } else { fs::File::open(path).ok() }
}

/// The whole environment. Debug information is left out: it names paths, and images carry none.
fn environment() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let time = MTIME.to_string();
    let variables = [
        ("PATH", "/build/environment/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/build/home"),
        ("TMPDIR", "/build/tmp"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("SOURCE_DATE_EPOCH", &time),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONUNBUFFERED", "1"),
        ("CFLAGS", "-g0"),
        ("CXXFLAGS", "-g0"),
    ];
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

pub(super) fn fail(path: &Path) -> impl Fn(std::io::Error) -> BuildError + use<> {
    let path = path.display().to_string();
    move |error| BuildError::Write { path: path.clone(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_files_only_from_a_build() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let work = Work::new(&store).unwrap();
        let secret = directory.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, work.path("output/x-1-py3-none-any.whl")).unwrap();
        std::os::unix::fs::symlink(&secret, work.path("result.json")).unwrap();
        assert!(work.keep(&store, "x-1-py3-none-any.whl").unwrap().is_none());
        assert!(work.answer().unwrap().is_none());
        fs::remove_file(work.path("result.json")).unwrap();
        fs::write(work.path("result.json"), vec![b' '; 2 << 20]).unwrap();
        assert!(work.answer().unwrap().is_none(), "absurdly long");
    }

    #[test]
    fn removes_what_a_build_locked_away() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let work = Work::new(&store).unwrap();
        fs::create_dir_all(work.path("home/a/b")).unwrap();
        fs::set_permissions(work.path("home/a"), Permissions::from_mode(0o0)).unwrap();
        drop(work);
        assert_eq!(fs::read_dir(store.temporary_directory()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_of_the_machine_is_in_the_environment() {
        let names: Vec<String> =
            environment().iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        assert_eq!(
            names,
            [
                "PATH",
                "HOME",
                "TMPDIR",
                "LC_ALL",
                "TZ",
                "SOURCE_DATE_EPOCH",
                "PYTHONHASHSEED",
                "PYTHONDONTWRITEBYTECODE",
                "PYTHONUNBUFFERED",
                "CFLAGS",
                "CXXFLAGS"
            ]
        );
    }
}

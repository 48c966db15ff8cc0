//! What a command sees besides its layers, put into its root for the time it runs: what mounts are elsewhere.
//!
//! Whatever was there is moved aside and comes back, so nothing of it appears among the changes. Nothing can be made
//! read-only this way, and a secret lies on the disk while the command runs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use bareboat_image::TreePath;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, makedev};

use crate::run::base;
use crate::run::resolve::resolve;

/// Everything that was put into a root. Dropping it takes it out again.
#[derive(Debug)]
pub(super) struct Fixtures {
    root: PathBuf,
    aside: PathBuf,
    placed: Vec<Placed>,
}

#[derive(Debug)]
struct Placed {
    at: PathBuf,
    /// Where what was there is kept.
    aside: Option<PathBuf>,
    /// Where it came from and goes back to; otherwise it is removed.
    origin: Option<PathBuf>,
    /// Directories that had to be made for it, outermost first.
    made: Vec<PathBuf>,
    around: Around,
}

/// The directory that something was put into, and its time before and after that.
#[derive(Debug)]
struct Around {
    path: PathBuf,
    before: (i64, i64),
    after: (i64, i64),
}

impl Fixtures {
    /// Puts things into `root`; `aside` is an empty directory on the same file system.
    pub(super) fn new(root: &Path, aside: &Path) -> Self {
        Self { root: root.to_owned(), aside: aside.to_owned(), placed: Vec::new() }
    }

    /// The directories that the kernel fills elsewhere: devices as a container has them, and nothing.
    pub(super) fn place_system(&mut self) -> io::Result<()> {
        self.place(Path::new("/dev"), |at| {
            make_directory(at, 0o755)?;
            make_devices(at)
        })?;
        self.place(Path::new("/proc"), |at| make_directory(at, 0o555))?;
        self.place(Path::new("/sys"), |at| make_directory(at, 0o555))
    }

    /// A file with this content.
    pub(super) fn place_file(
        &mut self,
        target: &Path,
        content: &[u8],
        mode: u32,
        owner: (u32, u32),
    ) -> io::Result<()> {
        self.place(target, |at| {
            fs::write(at, content)?;
            chown(at, Some(owner.0), Some(owner.1))?;
            fs::set_permissions(at, fs::Permissions::from_mode(mode & 0o777))
        })
    }

    /// An empty directory for everybody.
    pub(super) fn place_scratch(&mut self, target: &Path) -> io::Result<()> {
        self.place(target, |at| make_directory(at, 0o1777))
    }

    /// A directory from elsewhere on this file system, which goes back there.
    pub(super) fn lend(&mut self, target: &Path, directory: &Path) -> io::Result<()> {
        self.place(target, |at| fs::rename(directory, at))?;
        if let Some(placed) = self.placed.last_mut() {
            placed.origin = Some(directory.to_owned());
        }
        Ok(())
    }

    /// Anything that `put` makes at a free path.
    pub(super) fn place(
        &mut self,
        target: &Path,
        put: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let at = self.resolve(target)?;
        let mut missing = Vec::new();
        let mut parent = at.parent();
        while let Some(directory) = parent.filter(|directory| !directory.exists()) {
            missing.insert(0, directory.to_owned());
            parent = directory.parent();
        }
        let around = parent.unwrap_or(&self.root).to_owned();
        let before = modified(&around)?;
        for directory in &missing {
            make_directory(directory, 0o755)?;
        }
        let around = Around::new(around, before);
        let mut placed = Placed { at: at.clone(), aside: None, origin: None, made: missing, around };
        if fs::symlink_metadata(&at).is_ok() {
            let aside = self.aside.join(self.placed.len().to_string());
            fs::rename(&at, &aside)?;
            placed.aside = Some(aside);
        }
        // Before it is whole, so that a failure in the middle is taken back as well.
        self.placed.push(placed);
        let result = put(&at);
        if let Some(placed) = self.placed.last_mut() {
            placed.around.after = modified(&placed.around.path)?;
        }
        result
    }

    /// The place of `target` in the root, links followed as far as they exist.
    fn resolve(&self, target: &Path) -> io::Result<PathBuf> {
        let link = |path: &TreePath| {
            let at = base::at(&self.root, path);
            match fs::symlink_metadata(&at) {
                Ok(metadata) if metadata.is_symlink() => {
                    Ok(Some(fs::read_link(at)?.into_os_string().into_vec()))
                }
                _ => Ok(None),
            }
        };
        let path = resolve(target.as_os_str().as_bytes(), &link)?;
        Ok(base::at(&self.root, &path))
    }

    /// The places, as paths in the root.
    pub(super) fn targets(&self) -> BTreeSet<TreePath> {
        let relative = |placed: &Placed| {
            let path = placed.at.strip_prefix(&self.root).ok()?;
            TreePath::new(path.as_os_str().as_bytes()).ok()
        };
        self.placed.iter().filter_map(relative).collect()
    }

    /// Takes everything out again.
    pub(super) fn take_out(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for placed in self.placed.drain(..).rev() {
            result = result.and(placed.take_out());
        }
        result
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        let _ = self.take_out();
    }
}

impl Placed {
    fn take_out(self) -> io::Result<()> {
        let untouched = modified(&self.around.path).is_ok_and(|time| time == self.around.after);
        let result = self.remove();
        if untouched {
            let time = Timespec { tv_sec: self.around.before.0, tv_nsec: self.around.before.1 };
            let times = Timestamps { last_access: time, last_modification: time };
            rustix::fs::utimensat(CWD, &self.around.path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        result
    }

    fn remove(&self) -> io::Result<()> {
        let gone = |result: io::Result<()>| match result {
            // The command has removed it, as far as it could.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        };
        gone(match (&self.origin, fs::symlink_metadata(&self.at)) {
            (Some(origin), Ok(_)) => fs::rename(&self.at, origin),
            (None, Ok(metadata)) if metadata.is_dir() => fs::remove_dir_all(&self.at),
            (None, Ok(_)) => fs::remove_file(&self.at),
            (_, Err(error)) => Err(error),
        })?;
        if let Some(aside) = &self.aside {
            gone(fs::rename(aside, &self.at))?;
        }
        for directory in self.made.iter().rev() {
            // What the command put there keeps it.
            let _ = fs::remove_dir(directory);
        }
        Ok(())
    }
}

impl Around {
    fn new(path: PathBuf, before: (i64, i64)) -> Self {
        Self { path, before, after: before }
    }
}

fn modified(path: &Path) -> io::Result<(i64, i64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.mtime(), metadata.mtime_nsec()))
}

fn make_directory(at: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir(at)?;
    fs::set_permissions(at, fs::Permissions::from_mode(mode))
}

fn make_devices(directory: &Path) -> io::Result<()> {
    let devices =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
    for (name, major, minor) in devices {
        let at = directory.join(name);
        let mode = Mode::from_raw_mode(0o666);
        rustix::fs::mknodat(CWD, &at, FileType::CharacterDevice, mode, makedev(major, minor))?;
        fs::set_permissions(&at, fs::Permissions::from_mode(0o666))?;
    }
    let links = [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")];
    for (name, target) in links {
        symlink(target, directory.join(name))?;
    }
    make_directory(&directory.join("shm"), 0o1777)
}

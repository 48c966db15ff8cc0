//! The directory: where things lie, which format, who may read, and who is using it.
//!
//! ```text
//! ROOT/format                   the format's number
//! ROOT/blobs/sha256/ab/<hex>    content by digest, read-only files
//! ROOT/actions/ab/<hex>         results by cache key, self-checking records
//! ROOT/references/<hex>         named pointers by the digest of their name, self-checking records
//! ROOT/rootfs/                  root file systems unpacked for commands, made again when they are gone
//! ROOT/run/                     what commands that run now change; swept by the next one after a crash
//! ROOT/caches/<hex>/            directories that commands keep between them
//! ROOT/locks/<hex>              lock files by the digest of their name; `session` for the store itself
//! ROOT/tmp/                     files being written
//! ```
//!
//! Every open [`Store`] holds a shared lock on `locks/session`; removing content takes it exclusively. So nothing
//! disappears under a live process, and whatever lies in `tmp/` while nobody holds the lock belongs to the dead.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, Timespec, Timestamps};

use crate::lock::flock;
use crate::publish::publish_bytes;
use crate::{Digest, StoreError};

/// The newest format this code reads, and the one it writes.
const FORMAT: u32 = 1;

/// One directory with everything bareboat keeps. Share it between threads by reference; any number of processes
/// may have the same directory open.
pub struct Store {
    root: PathBuf,
    modes: Modes,
    opened: SystemTime,
    session: File,
}

impl Store {
    /// Opens the store in `root`, creating what is missing. Waits while another process prunes it.
    ///
    /// The permission bits of `root` decide who may use the store, whatever each user's umask is: for a store
    /// shared by a group, create `root` with mode 2775.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`] and [`StoreError::UnknownFormat`] for a directory this code must not touch.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(|error| StoreError::io("create the directory", root, error))?;
        // Canonical, so that a later change of the working directory moves nothing.
        let root = root.canonicalize().map_err(|error| StoreError::io("open the directory", root, error))?;
        let modes = Modes::of(&root)?;
        let is_new = read_format(&root)?.is_none();
        for directory in ["tmp", "locks", "blobs", "blobs/sha256", "actions", "references", "rootfs"] {
            make_directory(&root.join(directory), modes)?;
        }
        let path = root.join("locks/session");
        let session = open_lock_file(&path, modes)?;
        let opened = file_system_time(&session, &path)?;
        let store = Self { root, modes, opened, session };
        store.sweep_if_alone()?;
        store.lock_session(FlockOperation::LockShared)?;
        if is_new {
            write_markers(&store.root, modes)?;
        }
        Ok(store)
    }

    /// The store's directory, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where files are written before they are published: same file system as the blobs, emptied of what dead
    /// processes left.
    pub fn temporary_directory(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where the blob lies, or would.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        fan_out(self.root.join("blobs/sha256"), digest)
    }

    pub(crate) fn action_path(&self, key: &Digest) -> PathBuf {
        fan_out(self.root.join("actions"), key)
    }

    pub(crate) fn reference_path(&self, name: &str) -> PathBuf {
        self.root.join("references").join(Digest::of(name).hex())
    }

    pub(crate) fn lock_path(&self, name: &str) -> PathBuf {
        self.root.join("locks").join(Digest::of(name).hex())
    }

    pub(crate) fn modes(&self) -> Modes {
        self.modes
    }

    /// Waits for, or converts to, the kind of hold on the whole store.
    pub(crate) fn lock_session(&self, operation: FlockOperation) -> Result<(), StoreError> {
        flock(&self.session, operation)
            .map_err(|error| StoreError::io("lock", &self.root.join("locks/session"), error))
    }

    /// When this process opened the store: the moment of all its uses.
    pub(crate) fn opened(&self) -> SystemTime {
        self.opened
    }

    /// Records that `path`, last used at the modification time in `metadata`, is used now.
    ///
    /// At most once a day per file: a warm build looks at thousands of blobs and must not write thousands of
    /// inodes. Another user's file cannot be touched; then its age since creation counts.
    pub(crate) fn touch(&self, path: &Path, metadata: &fs::Metadata) {
        let used_lately =
            metadata.modified().is_ok_and(|used| used + std::time::Duration::from_secs(86_400) > self.opened);
        if !used_lately {
            let _ = set_modified(path, self.opened);
        }
    }

    /// Removes what dead processes left in `tmp/`, if no other process has the store open.
    fn sweep_if_alone(&self) -> Result<(), StoreError> {
        match self.lock_session(FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => self.sweep_temporary().map(drop),
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Empties `tmp/`; the number of entries and their bytes. Call with the session locked exclusively.
    pub(crate) fn sweep_temporary(&self) -> Result<(u64, u64), StoreError> {
        let (mut entries, mut bytes) = (0, 0);
        for (path, metadata) in list(&self.temporary_directory())? {
            let removed = if metadata.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // Another user's leftovers in a shared store are theirs to remove.
            if removed.is_ok() {
                entries += 1;
                bytes += metadata.len();
            }
        }
        Ok((entries, bytes))
    }
}

/// The permission bits of new files and directories, taken from those of the root and applied past the umask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modes {
    directory: u32,
    /// For content: nobody may write it.
    pub(crate) blob: u32,
    /// For records and lock files.
    pub(crate) record: u32,
}

impl Modes {
    fn of(root: &Path) -> Result<Self, StoreError> {
        let metadata = fs::metadata(root).map_err(|error| StoreError::io("examine", root, error))?;
        let mode = metadata.mode();
        Ok(Self {
            directory: mode & 0o2777 | 0o700,
            blob: mode & 0o444 | 0o400,
            record: mode & 0o666 | 0o600,
        })
    }
}

/// Makes one directory with the store's permissions; one that exists is left as it is.
pub(crate) fn make_directory(path: &Path, modes: Modes) -> Result<(), StoreError> {
    match DirBuilder::new().mode(modes.directory).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(modes.directory))
            .map_err(|error| StoreError::io("set the permissions of", path, error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::io("create the directory", path, error)),
    }
}

/// Opens or creates a lock file that every user of the store can lock.
pub(crate) fn open_lock_file(path: &Path, modes: Modes) -> Result<File, StoreError> {
    let fail = |error| StoreError::io("open the lock file", path, error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(modes.record);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            file.set_permissions(Permissions::from_mode(modes.record)).map_err(fail)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.create(true).open(path).map_err(fail)
        }
        Err(error) => Err(fail(error)),
    }
}

/// The entries of a directory in name order; what disappears meanwhile is left out.
pub(crate) fn list(directory: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, StoreError> {
    let fail = |error| StoreError::io("list", directory, error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        match entry.metadata() {
            Ok(metadata) => found.push((entry.path(), metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("examine", &entry.path(), error)),
        }
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(found)
}

/// 256 subdirectories keep every directory small.
fn fan_out(directory: PathBuf, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    directory.join(&hex[..2]).join(hex)
}

fn read_format(root: &Path) -> Result<Option<u32>, StoreError> {
    let path = root.join("format");
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("read", &path, error)),
    };
    match text.trim().parse() {
        Ok(found) if found > FORMAT => {
            Err(StoreError::NewerFormat { root: root.to_path_buf(), found, known: FORMAT })
        }
        Ok(found) => Ok(Some(found)),
        Err(_) => Err(StoreError::UnknownFormat { path, found: text.trim().to_owned() }),
    }
}

/// Writes the format, and the tag that tells backup programs to leave a cache out (bford.info/cachedir).
fn write_markers(root: &Path, modes: Modes) -> Result<(), StoreError> {
    const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# What bareboat keeps; safe to remove.\n";
    let temporary = root.join("tmp");
    publish_bytes(&temporary, &root.join("CACHEDIR.TAG"), TAG.as_bytes(), modes)?;
    publish_bytes(&temporary, &root.join("format"), format!("{FORMAT}\n").as_bytes(), modes)
}

/// The file system's idea of now: ages compare modification times, so they must come from the same clock, which
/// on a network file system is not ours.
fn file_system_time(session: &File, path: &Path) -> Result<SystemTime, StoreError> {
    let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
    // Fails for another user's lock file on a read-only mount and the like: the old time is the best known then.
    let _ = rustix::fs::futimens(session, &Timestamps { last_access: now, last_modification: now });
    session
        .metadata()
        .and_then(|metadata| metadata.modified())
        .map_err(|error| StoreError::io("examine", path, error))
}

pub(crate) fn set_modified(path: &Path, time: SystemTime) -> io::Result<()> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: since.subsec_nanos().into() },
    };
    Ok(rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::empty())?)
}

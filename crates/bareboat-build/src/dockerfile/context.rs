//! The build context: a directory seen as a tree, without what `.dockerignore` leaves out.
//!
//! Only metadata is read at once; contents are hashed when an instruction takes them. Everything belongs to root and
//! has no extended attributes, as BuildKit sends it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bareboat_dockerfile::Ignore;
use bareboat_dockerfile::ignore::{Verdict, Walk};
use bareboat_image::{Entry, Kind, Owner, Tree, TreePath};
use bareboat_store::{Digest, DigestReader};
use rayon::prelude::*;
use rustix::fs::OFlags;

use super::error::Problem;

/// A directory to copy from.
pub struct Context {
    /// Where it is.
    pub root: PathBuf,
    /// Its files; the digests of regular files are not known yet and all the same.
    pub tree: Arc<Tree>,
    digests: Mutex<BTreeMap<TreePath, Digest>>,
}

/// Whose permission bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Modes {
    /// The file system's own.
    #[default]
    Kept,
    /// Git's: 0755 for directories and what its owner may execute, 0644 for the rest. Umasks make no difference.
    Normalized,
}

impl Context {
    /// A context without files.
    pub fn empty() -> Self {
        Self { root: PathBuf::new(), tree: Arc::default(), digests: Mutex::default() }
    }

    /// Reads the directory `root` without what `ignore` excludes. Sockets are left out: they are nothing that a
    /// file could be made of.
    ///
    /// # Errors
    /// A directory that cannot be listed; a symbolic link whose target is not UTF-8.
    pub fn open(root: &Path, ignore: &Ignore, modes: Modes) -> Result<Self, Problem> {
        let mut scan = Scan { root, ignore, modes, tree: Tree::new(), first_names: BTreeMap::new() };
        scan.directory(&TreePath::ROOT, &Walk::default())?;
        Ok(Self { root: root.to_path_buf(), tree: Arc::new(scan.tree), digests: Mutex::default() })
    }

    /// The digests of the regular files at `paths`, each read once per build.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn digests(&self, paths: &[TreePath]) -> Result<BTreeMap<TreePath, Digest>, Problem> {
        let mut known = self.digests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let missing: Vec<&TreePath> = paths.iter().filter(|path| !known.contains_key(path)).collect();
        let read: Result<Vec<(TreePath, Digest)>, Problem> =
            missing.par_iter().map(|path| Ok(((*path).clone(), self.digest(path)?))).collect();
        known.extend(read?);
        Ok(paths.iter().filter_map(|path| Some((path.clone(), *known.get(path)?))).collect())
    }

    fn digest(&self, path: &TreePath) -> Result<Digest, Problem> {
        let mut reader = DigestReader::new(self.open_file(path)?);
        io::copy(&mut reader, &mut io::sink()).map_err(unreadable(&self.file(path)))?;
        Ok(reader.finish().1)
    }

    /// Opens a regular file; a link or pipe that took its place is not followed.
    pub(super) fn open_file(&self, path: &TreePath) -> Result<File, Problem> {
        let file = self.file(path);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&file, flags, rustix::fs::Mode::empty());
        opened.map(File::from).map_err(|error| unreadable(&file)(error.into()))
    }

    fn file(&self, path: &TreePath) -> PathBuf {
        self.root.join(OsStr::from_bytes(path.as_bytes()))
    }
}

struct Scan<'a> {
    root: &'a Path,
    ignore: &'a Ignore,
    modes: Modes,
    tree: Tree,
    first_names: BTreeMap<(u64, u64), TreePath>,
}

impl Scan<'_> {
    fn directory(&mut self, path: &TreePath, walk: &Walk) -> Result<(), Problem> {
        let directory = self.root.join(OsStr::from_bytes(path.as_bytes()));
        let fail = unreadable(&directory);
        let mut names: Vec<_> = fs::read_dir(&directory)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect())
            .map_err(&fail)?;
        names.sort();
        for name in names {
            let below = path.join(name.as_bytes()).map_err(|error| Problem::words(error.to_string()))?;
            let file = directory.join(&name);
            let metadata = match fs::symlink_metadata(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(unreadable(&file))?,
            };
            if metadata.is_dir() {
                self.enter(below, &metadata, walk)?;
            } else if !self.ignore.excludes_in(below.as_bytes(), walk) {
                self.leaf(below, &file, &metadata)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, path: TreePath, metadata: &Metadata, parent: &Walk) -> Result<(), Problem> {
        let (verdict, walk) = self.ignore.enter(path.as_bytes(), parent);
        if verdict == Verdict::Prune {
            return Ok(());
        }
        let entry = self.entry(Kind::Directory, metadata);
        self.tree.insert(path.clone(), entry);
        self.directory(&path, &walk)?;
        if verdict == Verdict::Exclude && self.tree.below(&path).next().is_none() {
            self.tree.entries.remove(&path);
        }
        Ok(())
    }

    fn leaf(&mut self, path: TreePath, file: &Path, metadata: &Metadata) -> Result<(), Problem> {
        let kind = metadata.file_type();
        let kind = if kind.is_file() {
            self.regular(&path, metadata)
        } else if kind.is_symlink() {
            let target = fs::read_link(file).map_err(unreadable(file))?;
            let target = target.into_os_string().into_string();
            Kind::Symlink { target: target.map_err(|_| not_text(file))? }
        } else {
            match Kind::of_special(metadata) {
                Some(special) => special,
                None => return Ok(()),
            }
        };
        let entry = self.entry(kind, metadata);
        self.tree.insert(path, entry);
        Ok(())
    }

    fn regular(&mut self, path: &TreePath, metadata: &Metadata) -> Kind {
        let content = Kind::File { digest: UNKNOWN, size: metadata.len() };
        if metadata.nlink() == 1 {
            return content;
        }
        match self.first_names.entry((metadata.dev(), metadata.ino())) {
            std::collections::btree_map::Entry::Occupied(first) => {
                Kind::HardLink { target: first.get().clone() }
            }
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(path.clone());
                content
            }
        }
    }

    fn entry(&self, kind: Kind, metadata: &Metadata) -> Entry {
        let own = (metadata.mode() & 0o7777) as u16;
        let mode = match (self.modes, &kind) {
            (_, Kind::Symlink { .. }) => 0o777,
            (Modes::Kept, _) => own,
            (Modes::Normalized, Kind::Directory) => 0o755,
            (Modes::Normalized, _) if own & 0o100 != 0 => 0o755,
            (Modes::Normalized, _) => 0o644,
        };
        Entry { kind, mode, owner: Owner::ROOT, xattrs: BTreeMap::new() }
    }
}

/// Stands for a content that was not read.
const UNKNOWN: Digest = Digest::from_bytes([0; 32]);

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Problem + use<> {
    let path = path.display().to_string();
    move |error| Problem::Read { path: path.clone(), reason: error.to_string() }
}

fn not_text(path: &Path) -> Problem {
    Problem::Read { path: path.display().to_string(), reason: "its link target is not UTF-8".to_owned() }
}

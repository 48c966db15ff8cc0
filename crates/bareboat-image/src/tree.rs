//! A tree of files as data: metadata and content digests, never bytes, never a directory on disk.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

use crate::TreePath;
use crate::path_walk::PathWalk;

/// A file system tree: every path with its metadata. Ordered by path bytes, so a directory precedes its children.
///
/// The root itself has no entry unless something gives it one; readers treat a missing root as `0755 0:0`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tree {
    /// Entries by path.
    pub entries: BTreeMap<TreePath, Entry>,
}

/// One path's metadata. Ownership is data, never a system call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is there.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: `0o0000` to `0o7777`.
    pub mode: u16,
    /// Numeric owner.
    #[serde(default, skip_serializing_if = "Owner::is_root")]
    pub owner: Owner,
    /// Extended attributes by full name (`security.capability`), raw values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// What kind of file a path is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file with its content's digest and its size in bytes.
    File {
        /// SHA-256 of the content.
        digest: Digest,
        /// Bytes.
        size: u64,
    },
    /// A symbolic link; the target is kept as written, relative or absolute.
    Symlink {
        /// Target text.
        target: String,
    },
    /// A further name of the regular file at `target`.
    HardLink {
        /// The first name.
        target: TreePath,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

impl Kind {
    /// A named pipe or a device; `None` for everything else.
    pub fn of_special(metadata: &std::fs::Metadata) -> Option<Self> {
        let kind = metadata.file_type();
        let device = metadata.rdev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        match () {
            () if kind.is_fifo() => Some(Self::Fifo),
            () if kind.is_char_device() => Some(Self::CharDevice { major, minor }),
            () if kind.is_block_device() => Some(Self::BlockDevice { major, minor }),
            () => None,
        }
    }
}

/// Numeric user and group id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// `0:0`.
    pub const ROOT: Owner = Owner { uid: 0, gid: 0 };

    /// True for `0:0`.
    pub fn is_root(&self) -> bool {
        *self == Self::ROOT
    }
}

impl Entry {
    /// A root-owned directory.
    pub fn directory(mode: u16) -> Self {
        Self { kind: Kind::Directory, mode, owner: Owner::ROOT, xattrs: BTreeMap::new() }
    }

    /// A root-owned regular file.
    pub fn file(digest: Digest, size: u64, mode: u16) -> Self {
        Self { kind: Kind::File { digest, size }, mode, owner: Owner::ROOT, xattrs: BTreeMap::new() }
    }

    /// A root-owned symbolic link (mode `0777`, as Linux reports it).
    pub fn symlink(target: impl Into<String>) -> Self {
        let kind = Kind::Symlink { target: target.into() };
        Self { kind, mode: 0o777, owner: Owner::ROOT, xattrs: BTreeMap::new() }
    }

    /// Bytes of content: a regular file's size, otherwise 0.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry at `path`, without following symbolic links.
    pub fn get(&self, path: &TreePath) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Adds or replaces the entry at `path`.
    pub fn insert(&mut self, path: TreePath, entry: Entry) -> Option<Entry> {
        self.entries.insert(path, entry)
    }

    /// Where `path` leads once every symbolic link, also in its parents, is followed inside this tree.
    ///
    /// Absolute targets and `..` stay inside the root, as the kernel does in a chroot. `None` for a dangling
    /// path or after 40 links (Linux's limit, path_resolution(7)).
    pub fn resolve(&self, path: &TreePath) -> Option<TreePath> {
        let mut walk = PathWalk::new(path);
        while let Some(next) = walk.next() {
            let next = next.ok()?;
            match self.get(&next).map(|entry| &entry.kind) {
                Some(Kind::Symlink { target }) if walk.follow(target) => {}
                Some(Kind::Symlink { .. }) => return None,
                Some(_) => walk.enter(next),
                None if self.has_children(&next) => walk.enter(next),
                None => return None,
            }
        }
        Some(walk.current)
    }

    /// Every entry strictly below `directory`, in path order.
    pub fn below(&self, directory: &TreePath) -> impl Iterator<Item = (&TreePath, &Entry)> {
        self.entries.range(directory.below())
    }

    fn has_children(&self, directory: &TreePath) -> bool {
        self.below(directory).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn tree(entries: &[(&str, Entry)]) -> Tree {
        Tree { entries: entries.iter().map(|(at, entry)| (path(at), entry.clone())).collect() }
    }

    #[test]
    fn resolves_links_in_parents_and_keeps_them_inside() {
        let file = Entry::file(Digest::of(b""), 0, 0o644);
        let tree = tree(&[
            ("bin", Entry::symlink("usr/bin")),
            ("usr/bin", Entry::directory(0o755)),
            ("usr/bin/python3", Entry::symlink("../../../../usr/bin/python3.13")),
            ("usr/bin/python3.13", file),
            ("abs", Entry::symlink("/bin/python3")),
            ("loop", Entry::symlink("loop")),
            ("gone", Entry::symlink("nowhere")),
        ]);
        assert_eq!(tree.resolve(&path("bin/python3")), Some(path("usr/bin/python3.13")));
        assert_eq!(tree.resolve(&path("abs")), Some(path("usr/bin/python3.13")));
        assert_eq!(tree.resolve(&path("loop")), None);
        assert_eq!(tree.resolve(&path("gone")), None);
    }

    #[test]
    fn lists_what_is_below_a_directory_and_nothing_beside_it() {
        let directory = Entry::directory(0o755);
        let tree = tree(&[
            ("a", directory.clone()),
            ("a-b", directory.clone()),
            ("a/x", directory.clone()),
            ("ab", directory),
        ]);
        let below: Vec<_> = tree.below(&path("a")).map(|(path, _)| path.to_string()).collect();
        assert_eq!(below, ["/a/x"]);
    }
}

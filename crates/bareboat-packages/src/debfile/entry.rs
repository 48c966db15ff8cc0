//! Checks each entry of the data archive against what a package may hold.

use std::collections::BTreeMap;

use bareboat_image::{Owner, TreePath};

use super::tar_stream::Header;
use super::{DebError, Limits};

/// One path of a package, as the package says it: not yet sliced, merged or rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebEntry {
    /// Where; never the root.
    pub path: TreePath,
    /// What.
    pub kind: DebKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// Numeric owner from the tar header. User and group names are ignored.
    pub owner: Owner,
    /// Bytes of content: 0 unless a regular file.
    pub size: u64,
}

/// What a package may hold (Debian policy 10.6 leaves out devices and pipes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebKind {
    /// A directory.
    Directory,
    /// A regular file; its content follows.
    File,
    /// A symbolic link, target as written.
    Symlink {
        /// Relative or absolute, never empty.
        target: String,
    },
    /// A further name of an earlier file of the same package.
    HardLink {
        /// The earlier file.
        target: TreePath,
    },
}

/// Remembers what was seen, to refuse doubles and entries that reach through links.
pub(super) struct Checker {
    seen: BTreeMap<TreePath, Seen>,
    most: u64,
    path_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Directory,
    File,
    Link,
}

impl Checker {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { seen: BTreeMap::new(), most: limits.entries, path_bytes: limits.path_bytes }
    }

    /// The entry, or `None` for the root directory itself.
    pub(super) fn check(&mut self, header: &Header) -> Result<Option<DebEntry>, DebError> {
        let longest = header.path.len().max(header.link.len()) as u64;
        if longest > self.path_bytes {
            let member = "a name in the data archive".to_owned();
            return Err(DebError::TooLarge { member, limit: self.path_bytes, unit: "bytes" });
        }
        let path = TreePath::new(&header.path)?;
        let (kind, seen) = self.kind(header, &path)?;
        if path.is_root() {
            return match kind {
                DebKind::Directory => Ok(None),
                _ => Err(DebError::DuplicateEntry { path: path.to_string() }),
            };
        }
        self.place(&path, seen)?;
        let id = |value: u64| {
            let wrong = || DebError::Header { path: path.to_string(), field: "owner" };
            u32::try_from(value).map_err(|_| wrong())
        };
        let owner = Owner { uid: id(header.uid)?, gid: id(header.gid)? };
        // Old tars put the file type above the permission bits.
        let mode = (header.mode & 0o7777) as u16;
        let size = if kind == DebKind::File { header.size } else { 0 };
        Ok(Some(DebEntry { path, kind, mode, owner, size }))
    }

    fn kind(&self, header: &Header, path: &TreePath) -> Result<(DebKind, Seen), DebError> {
        Ok(match header.kind {
            b'5' => (DebKind::Directory, Seen::Directory),
            b'0' | b'7' => (DebKind::File, Seen::File),
            b'2' => {
                let target = String::from_utf8(header.link.clone()).ok();
                let usable = |target: &String| !target.is_empty() && !target.contains('\0');
                let target = target.filter(usable);
                let target = target.ok_or_else(|| DebError::LinkTarget { path: path.to_string() })?;
                (DebKind::Symlink { target }, Seen::Link)
            }
            b'1' => {
                let target = TreePath::new(&header.link)?;
                if self.seen.get(&target) != Some(&Seen::File) {
                    let (path, target) = (path.to_string(), target.to_string());
                    return Err(DebError::HardLink { path, target });
                }
                (DebKind::HardLink { target }, Seen::File)
            }
            kind => return Err(DebError::Kind { path: path.to_string(), kind: char::from(kind) }),
        })
    }

    fn place(&mut self, path: &TreePath, seen: Seen) -> Result<(), DebError> {
        let mut ancestor = path.parent();
        while let Some(directory) = ancestor {
            if self.seen.get(&directory).is_some_and(|&seen| seen != Seen::Directory) {
                return Err(DebError::ThroughLink { path: path.to_string(), link: directory.to_string() });
            }
            ancestor = directory.parent();
        }
        if self.seen.len() as u64 >= self.most {
            let member = "the data archive".to_owned();
            return Err(DebError::TooLarge { member, limit: self.most, unit: "entries" });
        }
        match self.seen.insert(path.clone(), seen) {
            None => Ok(()),
            Some(Seen::Directory) if seen == Seen::Directory => Ok(()),
            Some(_) => Err(DebError::DuplicateEntry { path: path.to_string() }),
        }
    }
}

//! A file that no package holds and a package's script would have made.

use bareboat_image::{Entry, Kind, Owner, TreePath};
use bareboat_store::Digest;

/// One generated path: where, what, its bytes and why it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Where.
    pub path: TreePath,
    /// Metadata; a file's digest and size are those of `content`.
    pub entry: Entry,
    /// A regular file's bytes, otherwise empty.
    pub content: Vec<u8>,
    /// What it replaces, for `explain`.
    pub because: &'static str,
}

impl Generated {
    /// A root-owned file.
    pub fn file(path: &str, mode: u16, content: impl Into<Vec<u8>>, because: &'static str) -> Self {
        let content = content.into();
        let entry = Entry::file(Digest::of(&content), content.len() as u64, mode);
        Self { path: constant(path), entry, content, because }
    }

    /// A root-owned directory.
    pub fn directory(path: &str, mode: u16, because: &'static str) -> Self {
        Self { path: constant(path), entry: Entry::directory(mode), content: Vec::new(), because }
    }

    /// A symbolic link.
    pub fn symlink(path: &str, target: &str, because: &'static str) -> Self {
        Self { path: constant(path), entry: Entry::symlink(target), content: Vec::new(), because }
    }

    /// The same with another owner.
    pub fn owned_by(mut self, uid: u32, gid: u32) -> Self {
        self.entry.owner = Owner { uid, gid };
        self
    }

    /// One line for tests and people: path, kind, mode, owner.
    pub fn describe(&self) -> String {
        let Entry { kind, mode, owner, .. } = &self.entry;
        let what = match kind {
            Kind::Directory => "directory".to_owned(),
            Kind::File { size, .. } => format!("{size} bytes"),
            Kind::Symlink { target } => return format!("{} -> {target}", self.path),
            other => format!("{other:?}"),
        };
        format!("{} {mode:04o} {}:{} {what}", self.path, owner.uid, owner.gid)
    }
}

/// A path that this crate wrote itself or checked before.
fn constant(path: &str) -> TreePath {
    TreePath::new(path).expect("generated paths hold neither `..` nor NUL")
}

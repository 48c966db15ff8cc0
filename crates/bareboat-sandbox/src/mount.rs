//! What a sandbox sees besides its root: host directories, scratch space and given files.

use std::path::PathBuf;

/// Something mounted over the root.
///
/// Targets are absolute paths inside, without `..`; symbolic links in them are followed inside the root only.
/// A missing mount point is made: beside a read-only root, inside a writable one (and removed again at the end when
/// still empty). Mounts are made parents first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// A directory or file of the host, with everything mounted below it; set-user-id bits and devices have no effect.
    Bind {
        /// The path outside.
        source: PathBuf,
        /// The path inside.
        target: PathBuf,
        /// Whether it can be written to.
        access: Access,
    },
    /// Empty scratch space in memory; set-user-id bits and devices have no effect.
    Tmpfs {
        /// The path inside.
        target: PathBuf,
        /// Most bytes it may hold; the kernel's default is half of the memory.
        size: Option<u64>,
        /// Permission bits of its root directory, such as `0o1777`.
        mode: u32,
        /// User and group of its root directory, as seen inside; with a single id, that one's.
        owner: (u32, u32),
    },
    /// Something out of directories laid over each other; set-user-id bits and devices have no effect.
    Layers {
        /// The directories, topmost first, with whiteouts as overlayfs records them. At least one.
        layers: Vec<PathBuf>,
        /// What to mount: a path in them; links are followed inside them.
        path: PathBuf,
        /// Where changes go; without it, there can be none.
        changes: Option<Changes>,
        /// The path inside.
        target: PathBuf,
    },
    /// A read-only file with this content, in memory only.
    File {
        /// The path inside.
        target: PathBuf,
        /// What it holds.
        content: Vec<u8>,
        /// Permission bits, such as `0o644`.
        mode: u32,
        /// User and group, as seen inside; with a single id, that one's.
        owner: (u32, u32),
    },
}

/// Two directories that receive what is written to a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// An existing directory for the changes.
    pub upper: PathBuf,
    /// An existing empty directory on the same file system, for overlayfs itself.
    pub work: PathBuf,
}

/// Whether a mount can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading only, also of what is mounted below.
    ReadOnly,
    /// As the permission bits say.
    ReadWrite,
}

impl Mount {
    /// A host path that can only be read.
    pub fn read_only(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self::Bind { source: source.into(), target: target.into(), access: Access::ReadOnly }
    }

    /// A host path that can be written to.
    pub fn writable(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self::Bind { source: source.into(), target: target.into(), access: Access::ReadWrite }
    }

    /// Scratch space that everybody may write to, like `/tmp`.
    pub fn scratch(target: impl Into<PathBuf>, size: Option<u64>) -> Self {
        Self::Tmpfs { target: target.into(), size, mode: 0o1777, owner: (0, 0) }
    }

    /// A read-only file for everybody.
    pub fn file(target: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        Self::File { target: target.into(), content: content.into(), mode: 0o644, owner: (0, 0) }
    }

    /// The path inside.
    pub fn target(&self) -> &std::path::Path {
        match self {
            Self::Bind { target, .. }
            | Self::Tmpfs { target, .. }
            | Self::Layers { target, .. }
            | Self::File { target, .. } => target,
        }
    }
}

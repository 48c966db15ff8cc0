//! What is to be built, as a graph of a few operations that know nothing of who planned them.
//!
//! An operation's identity is what it does and the digests of what it does it to. Labels, positions and places on
//! disk ride beside it (in [`Step`] and [`crate::solve::Context`]) and never change the identity.

use std::collections::BTreeSet;

use bareboat_image::{Compression, Tree, TreePath};
use bareboat_packages::system::slices::Slicing;
use bareboat_store::Digest;
use serde::{Deserialize, Serialize};

/// One operation. Its result is a [`crate::piece::Piece`]: a tree and the bytes for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op")]
pub enum Op {
    /// Unpack a Debian package that lies in the store.
    Package {
        /// The `.deb`.
        blob: Digest,
        /// What is left out.
        slicing: Slicing,
        /// Paths that another origin brings in its place.
        exclude: BTreeSet<TreePath>,
    },
    /// Install a wheel that lies in the store.
    Wheel {
        /// The `.whl`.
        blob: Digest,
        /// The virtual environment's directory.
        environment: TreePath,
        /// CPython's major and minor version.
        python: (u8, u8),
        /// The user asked for it by name.
        requested: bool,
        /// Text of `direct_url.json`, when it does not come from the index.
        direct_url: Option<String>,
        /// Paths that another origin brings in its place.
        exclude: BTreeSet<TreePath>,
    },
    /// Take the debug variant's tools from the Debian package of busybox that lies in the store.
    Busybox {
        /// The `.deb`.
        blob: Digest,
        /// Paths that another origin brings in its place.
        exclude: BTreeSet<TreePath>,
    },
    /// Take files whose content is known: from the store, or from the directory given beside the plan.
    Files {
        /// What goes where.
        tree: Tree,
        /// Where the bytes are.
        from: Place,
    },
    /// Compile the Python files of another operation's result to bytecode.
    Bytecode {
        /// Whose files.
        of: Box<Op>,
        /// Identity of the interpreter that compiles.
        interpreter: Digest,
        /// The sources to compile; `None` for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<BTreeSet<TreePath>>,
        /// Paths that another origin brings in its place.
        exclude: BTreeSet<TreePath>,
    },
}

/// Where the bytes of [`Op::Files`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Blobs of the store.
    Store,
    /// The application's directory: the tree's paths are below `/app`, the files' below the directory.
    Application,
}

/// An operation with what people want to know about it.
#[derive(Debug, Clone)]
pub struct Step {
    /// What to do.
    pub op: Op,
    /// Who brings it, for messages and the inventory.
    pub origin: Origin,
}

/// Who brought a file into the image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    /// A Debian package.
    Debian {
        /// Package name.
        name: String,
        /// Version.
        version: String,
    },
    /// A Python distribution.
    Python {
        /// Normalised name.
        name: String,
        /// Version.
        version: String,
    },
    /// The application's own files.
    Application,
    /// Written by bareboat: what maintainer scripts would have made, links, the virtual environment.
    Generated,
    /// Bytecode of another origin's files.
    Bytecode {
        /// Whose.
        of: Box<Origin>,
    },
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Debian { name, version } => write!(f, "Debian package `{name}` {version}"),
            Origin::Python { name, version } => write!(f, "distribution `{name}` {version}"),
            Origin::Application => f.write_str("the application"),
            Origin::Generated => f.write_str("bareboat"),
            Origin::Bytecode { of } => write!(f, "bytecode of {of}"),
        }
    }
}

impl Op {
    /// The cache key of the result: the operation, how it is compressed, and the engine's own version.
    pub fn key(&self, compression: Compression) -> Digest {
        let json = serde_json::to_vec(self).expect("operations have string keys only");
        let mut identity = format!("piece {ENGINE} {} {MTIME}\n", compression.encoder_id()).into_bytes();
        identity.extend(json);
        Digest::of(identity)
    }
}

/// Raised whenever an operation's result changes for the same input.
pub(crate) const ENGINE: u32 = 7;

/// The modification time of everything that is not the application's: 1980-01-02, the first whole day that zip
/// archives can state in every time zone. Python's `zipfile` refuses anything older.
pub const MTIME: i64 = 315_619_200;

//! What would repair a finding: changes to the text, and how far they can be trusted.

use std::ops::Range;

/// A repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it can be applied without looking.
    pub safety: Safety,
    /// What it does, as an imperative without full stop: `replace MAINTAINER by a label`.
    pub title: String,
    /// Changes to the file the finding is in; they do not overlap.
    pub edits: Vec<Edit>,
    /// Other files of the build context to write.
    pub writes: Vec<FileWrite>,
}

/// How far a fix can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// The built image cannot behave differently.
    Safe,
    /// The image may behave differently; somebody should look.
    Unsafe,
}

impl Safety {
    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A replacement of some bytes by others. An empty range inserts; an empty replacement removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace.
    pub range: Range<usize>,
    /// What comes in their place.
    pub replacement: String,
}

/// A file to write as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWrite {
    /// Relative to the build context, `/` between components.
    pub path: String,
    /// All of its new content.
    pub content: String,
}

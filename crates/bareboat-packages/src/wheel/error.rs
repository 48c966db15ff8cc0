//! Why a wheel cannot be installed.

use std::io;

/// What is wrong with a wheel. The caller knows the wheel's file name and says it around these.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The file cannot be read.
    #[error("cannot read the wheel")]
    Read {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Not a zip archive, or a damaged one.
    #[error("the wheel is not a sound zip archive: {why}")]
    Zip {
        /// What the zip reader found.
        why: String,
    },
    /// The central directory and a member's local header contradict each other.
    #[error("`{name}`: the archive's directory and the member's own header disagree on its {field}")]
    Contradiction {
        /// Member name in the central directory.
        name: String,
        /// The field that differs.
        field: &'static str,
    },
    /// A member name that must not be written anywhere.
    #[error("the wheel has the member name `{name}`: {why}")]
    Name {
        /// The name, control characters replaced.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two members with one name, or a file where another member needs a directory.
    #[error("the wheel has `{name}` twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A symbolic link, device or the like: wheels hold regular files only.
    #[error("`{name}` is a {kind}; a wheel holds regular files only")]
    Special {
        /// Member name.
        name: String,
        /// What it claims to be.
        kind: &'static str,
    },
    /// Encrypted, or compressed with something other than deflate.
    #[error("`{name}` is {how}")]
    Unreadable {
        /// Member name.
        name: String,
        /// `encrypted`, or the compression method.
        how: String,
    },
    /// More than this tool is willing to unpack.
    #[error("the wheel has {what}, more than the limit of {limit}")]
    TooMuch {
        /// What there is too much of, with its amount.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// A required file or directory is not there.
    #[error("the wheel has no `{name}`")]
    Missing {
        /// Name of the file or directory.
        name: String,
    },
    /// More than one `.dist-info` directory.
    #[error("the wheel has several `.dist-info` directories: `{first}` and `{second}`")]
    SeveralDistInfo {
        /// One of them.
        first: String,
        /// Another one.
        second: String,
    },
    /// A file of the `.dist-info` directory does not say what it should.
    #[error("`{file}` {why}")]
    Malformed {
        /// Path of the file in the wheel.
        file: String,
        /// What is wrong, as the end of the sentence.
        why: String,
    },
    /// A member that `RECORD` does not list, or lists without a hash.
    #[error("`{name}` has no hash in the wheel's `RECORD`")]
    Unrecorded {
        /// Member name.
        name: String,
    },
    /// A member's content is not what `RECORD` or the archive promised.
    #[error("`{name}` is damaged: {why}")]
    Damaged {
        /// Member name.
        name: String,
        /// What differs.
        why: String,
    },
    /// Two members would be installed at one path.
    #[error("the wheel installs two different files at `/{path}`")]
    Collision {
        /// Path in the image, without leading slash.
        path: String,
    },
    /// A `.data` directory with a key that is no installation directory.
    #[error("`{name}` is for the unknown installation directory `{key}`")]
    UnknownScheme {
        /// Member name.
        name: String,
        /// The key.
        key: String,
    },
    /// An entry point that no script can be made of.
    #[error("the entry point `{entry}` {why}")]
    EntryPoint {
        /// `name = value` as written.
        entry: String,
        /// What is wrong, as the end of the sentence.
        why: &'static str,
    },
    /// A virtual environment where scripts could not find their interpreter.
    #[error("a virtual environment cannot be at `{root}`: {why}")]
    Root {
        /// The path asked for.
        root: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl WheelError {
    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Root { .. } => Some("use a short path of plain characters such as `/app/.venv`".into()),
            Self::TooMuch { .. } => Some("check where this wheel comes from".into()),
            Self::Damaged { .. } | Self::Zip { .. } => Some(
                "delete the wheel from the cache and build again; if it stays, pin another version".into(),
            ),
            _ => Some("pin another version of this distribution and report the wheel to its makers".into()),
        }
    }

    pub(super) fn malformed(file: &str, why: impl Into<String>) -> Self {
        Self::Malformed { file: file.to_owned(), why: why.into() }
    }
}

//! What can be wrong with a `.deb`.

use std::io;

use bareboat_image::PathError;

use super::ControlError;

/// Why a package cannot be read. Messages name the member or the entry, not the file: the caller knows that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebError {
    /// The file does not start as an ar archive.
    #[error("not a Debian package: it does not start with `!<arch>`")]
    NotAnArchive,
    /// The ar structure is broken.
    #[error("damaged ar archive at byte {offset}: {problem}")]
    Ar {
        /// Where, in bytes from the start of the file.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// A member that deb(5) wants is absent or stands in the wrong place.
    #[error("no `{member}` where deb(5) wants it")]
    MissingMember {
        /// `debian-binary`, `control.tar` or `data.tar`.
        member: &'static str,
    },
    /// A member occurs twice.
    #[error("two members named `{member}`")]
    DuplicateMember {
        /// Its name, without the compression suffix.
        member: String,
    },
    /// A format version other than 2.x.
    #[error("package format `{version}` is not supported: want 2.x")]
    FormatVersion {
        /// The first line of `debian-binary`.
        version: String,
    },
    /// A compression deb(5) knows and this reader does not, or neither knows.
    #[error("member `{member}` is compressed in a way that is not supported: want .xz, .gz, .zst or none")]
    Compression {
        /// The member's name.
        member: String,
    },
    /// Reading, decompressing or tar parsing failed; a truncated member ends here.
    #[error("cannot read `{member}`: {source}")]
    Member {
        /// The member's name.
        member: String,
        /// The cause.
        source: io::Error,
    },
    /// More than a [`super::Limits`] field allows.
    #[error("`{member}` is too large: more than {limit} {unit}")]
    TooLarge {
        /// The member or entry.
        member: String,
        /// The bound.
        limit: u64,
        /// `bytes` or `entries`.
        unit: &'static str,
    },
    /// An entry's name leaves the root or holds NUL.
    #[error("hostile entry: {0}")]
    Path(#[from] PathError),
    /// The same path twice, where not both are directories.
    #[error("`{path}` occurs twice")]
    DuplicateEntry {
        /// The path.
        path: String,
    },
    /// An entry below a path that this package made a link or a file.
    #[error("`{path}` lies below `{link}`, which is not a directory")]
    ThroughLink {
        /// The entry.
        path: String,
        /// The ancestor.
        link: String,
    },
    /// A hard link to something that is not an earlier regular file of the package.
    #[error("`{path}` is a hard link to `{target}`, which is no earlier file of this package")]
    HardLink {
        /// The entry.
        path: String,
        /// What it names.
        target: String,
    },
    /// A device, pipe, sparse file or unknown type: Debian policy 10.6 forbids them in packages.
    #[error("`{path}` has entry type `{kind}`: packages may hold only files, directories and links")]
    Kind {
        /// The entry.
        path: String,
        /// The tar type flag, as a character.
        kind: char,
    },
    /// A link without target, or with one that is not UTF-8 or holds NUL.
    #[error("`{path}` has an unusable link target")]
    LinkTarget {
        /// The entry.
        path: String,
    },
    /// Numbers in a tar header that mean nothing.
    #[error("`{path}` has an impossible {field} in its tar header")]
    Header {
        /// The entry.
        path: String,
        /// `mode`, `owner` or `size`.
        field: &'static str,
    },
    /// No `control` file, or one that does not parse.
    #[error("unusable control file: {0}")]
    Control(#[from] ControlError),
}

impl DebError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnArchive | Self::Ar { .. } | Self::Member { .. } => Some(
                "run `bareboat cache verify`, then build again: a damaged download is fetched anew".into(),
            ),
            _ => None,
        }
    }
}

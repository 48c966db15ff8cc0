//! Wheels: opened with distrust, turned into the files of a virtual environment.
//!
//! [`Wheel::open`] checks the archive, [`Wheel::members`] says which file goes where in the image and where its bytes
//! are, [`Wheel::reader`] streams one file's content and checks it. Nothing is ever unpacked to a disk: whoever writes
//! a layer copies a member's deflated bytes as they are, or reads the content from here.
//!
//! Follows PyPA's "Binary distribution format" (PEP 427, 491), "Recording installed projects" (PEP 376, 610, 627) and
//! "Entry points specification". Never runs anything, never looks at tags to decide what is inside.

pub mod abi;
mod archive;
mod content;
mod entry_points;
mod error;
mod install;
mod layout;
mod metadata;
mod name;
mod record;

use std::fs::File;
use std::io::{self, Read};

use bareboat_image::TreePath;
use bareboat_store::Digest;

use archive::Archive;
use name::{dist_info_stem, is_project_name, normalized, same_version};
use record::Record;

pub use archive::Packed;
pub use entry_points::Script;
pub use error::WheelError;
pub use layout::{BaseFile, VenvLayout};
pub use metadata::{Metadata, WheelInfo};

/// An opened and checked wheel.
#[derive(Debug)]
pub struct Wheel {
    archive: Archive,
    /// `NAME-VERSION` of the `.dist-info` directory, as written.
    stem: String,
    metadata: Metadata,
    info: WheelInfo,
    record: Record,
    scripts: Vec<Script>,
}

/// One file of an installed wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it goes in the image.
    pub path: TreePath,
    /// Permission bits: `0755` for scripts and for what the archive marks as executable, otherwise `0644`.
    pub mode: u16,
    /// Bytes of content.
    pub size: u64,
    /// SHA-256 of the content: what `RECORD` promises, or the digest of what was written here.
    pub digest: Digest,
    /// Where the content is.
    pub source: Source,
}

/// Where a member's content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the wheel, deflated or stored.
    Packed(Packed),
    /// Written by the installer: scripts, `RECORD` and the like.
    Written(Vec<u8>),
}

/// How a wheel is installed.
#[derive(Debug, Clone, Copy, Default)]
pub struct InstallOptions<'a> {
    /// The user asked for this distribution by name: it gets a `REQUESTED` file (PEP 376).
    pub requested: bool,
    /// Text of `direct_url.json` when the wheel comes from a URL and not from an index (PEP 610).
    pub direct_url: Option<&'a str>,
}

impl Wheel {
    /// Opens `file` and checks everything that can be checked without inflating its members.
    ///
    /// # Errors
    /// Anything hostile, damaged or against the specification; see [`WheelError`].
    pub fn open(file: File) -> Result<Self, WheelError> {
        let archive = Archive::open(file)?;
        let stem = dist_info_stem(&archive)?;
        let mut wheel = Self {
            archive,
            metadata: Metadata::default(),
            info: WheelInfo::default(),
            record: Record::new(),
            scripts: Vec::new(),
            stem,
        };
        // First of all `RECORD`: everything read after it is checked against it.
        let name = wheel.dist_info("RECORD");
        wheel.record = record::parse(&name, &wheel.required_text(&name)?)?;
        let name = wheel.dist_info("WHEEL");
        wheel.info = WheelInfo::parse(&name, &wheel.required_text(&name)?)?;
        let name = wheel.dist_info("METADATA");
        wheel.metadata = Metadata::parse(&name, &wheel.required_text(&name)?)?;
        wheel.check_stem()?;
        let name = wheel.dist_info("entry_points.txt");
        if let Some(text) = wheel.text(&name)? {
            wheel.scripts = entry_points::parse(&name, &text)?;
        }
        Ok(wheel)
    }

    /// The core metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What `WHEEL` says.
    pub fn info(&self) -> &WheelInfo {
        &self.info
    }

    /// The commands of `console_scripts` and `gui_scripts`.
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// The name of the `.dist-info` directory.
    pub fn dist_info_directory(&self) -> String {
        format!("{}.dist-info", self.stem)
    }

    /// The text of a file of the `.dist-info` directory (`licenses/LICENSE`, `top_level.txt`), checked against `RECORD`.
    ///
    /// # Errors
    /// A damaged file, or one of more than 64 MiB.
    pub fn dist_info_text(&self, name: &str) -> Result<Option<String>, WheelError> {
        self.text(&self.dist_info(name))
    }

    /// Every member name in the archive with its size in bytes, in name order.
    pub fn names(&self) -> impl Iterator<Item = (&str, u64)> {
        self.archive.members.iter().map(|(name, packed)| (name.as_str(), packed.size))
    }

    /// The files of the installed wheel, in path order, none twice.
    ///
    /// # Errors
    /// Members missing in `RECORD`, unknown `.data` directories, two members for one path.
    pub fn members(
        &self,
        layout: &VenvLayout,
        options: InstallOptions<'_>,
    ) -> Result<Vec<Member>, WheelError> {
        install::members(self, layout, options)
    }

    /// A member's content, checked against size, CRC-32 and digest when its end is reached: damage is an error of kind
    /// [`io::ErrorKind::InvalidData`]. Holds one small buffer whatever the member's size.
    pub fn reader<'a>(&self, member: &'a Member) -> Box<dyn Read + Send + 'a> {
        match &member.source {
            Source::Written(bytes) => Box::new(&bytes[..]),
            Source::Packed(packed) => {
                let hash = record::FileHash::Sha256(*member.digest.as_bytes());
                Box::new(content::checked(&self.archive.file, packed, Some(hash)))
            }
        }
    }

    /// A deflated member's raw stream as it stands in the wheel; `None` for any other member.
    ///
    /// Nobody has checked it yet: whoever copies it must inflate it too, compare with the member's size, CRC-32 and
    /// digest, and refuse a stream that ends before its last byte.
    pub fn raw(&self, member: &Member) -> Option<impl Read + Send + use<>> {
        match &member.source {
            Source::Packed(packed) if packed.deflated => Some(content::raw(&self.archive.file, packed)),
            _ => None,
        }
    }

    fn dist_info(&self, name: &str) -> String {
        format!("{}.dist-info/{name}", self.stem)
    }

    fn required_text(&self, name: &str) -> Result<String, WheelError> {
        self.text(name)?.ok_or_else(|| WheelError::Missing { name: name.to_owned() })
    }

    /// The text of a member; `None` when there is none of that name.
    fn text(&self, name: &str) -> Result<Option<String>, WheelError> {
        let Some(packed) = self.archive.members.get(name) else { return Ok(None) };
        let bytes = self.content(name, packed)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(WheelError::malformed(name, "is not UTF-8")),
        }
    }

    /// A whole member of at most [`MAX_TEXT`] bytes, checked as far as `RECORD` is known already.
    fn content(&self, name: &str, packed: &Packed) -> Result<Vec<u8>, WheelError> {
        if packed.size > MAX_TEXT {
            let what = format!("{} bytes in `{name}`", packed.size);
            return Err(WheelError::TooMuch { what, limit: format!("{MAX_TEXT} bytes") });
        }
        let hash = self.record.get(name).map(|row| row.hash.clone());
        let mut bytes = Vec::new();
        content::checked(&self.archive.file, packed, hash)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(name, error))?;
        Ok(bytes)
    }

    /// `NAME-VERSION.dist-info` must be the name and version that `METADATA` states.
    fn check_stem(&self) -> Result<(), WheelError> {
        let Metadata { name, version, .. } = &self.metadata;
        let fits = is_project_name(name)
            && self.stem.rsplit_once('-').is_some_and(|(stem_name, stem_version)| {
                normalized(stem_name) == normalized(name) && same_version(stem_version, version)
            });
        if fits {
            return Ok(());
        }
        let why = format!(
            "says `{name}` `{version}`, which does not fit its directory `{}`",
            self.dist_info_directory()
        );
        Err(WheelError::malformed(&self.dist_info("METADATA"), why))
    }
}

/// The error for a member whose content could not be read to its end.
fn damaged(name: &str, error: io::Error) -> WheelError {
    match error.kind() {
        io::ErrorKind::InvalidData => WheelError::Damaged { name: name.to_owned(), why: error.to_string() },
        _ => WheelError::Read { source: error },
    }
}

/// Metadata and scripts larger than this are not metadata and scripts.
const MAX_TEXT: u64 = 64 << 20;

#[cfg(test)]
mod tests;

//! The zip archive under a wheel, read with distrust.
//!
//! Reads names, sizes and positions once, checks them, and hands out positions. Never writes anything, never maps the
//! file into memory. Follows APPNOTE 6.3.10; stricter than it wherever two readers could see two different archives:
//! the central directory must agree with the local headers, nothing may precede the first member or follow the end
//! record, and members may not overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rawzip::{CompressionMethod, ReaderAt, ZipArchive, ZipFileHeaderRecord, ZipLocator};

use super::WheelError;

/// A checked archive: its members by name.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    pub file: Handle,
    pub members: BTreeMap<String, Packed>,
}

/// Where a member's bytes are in the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Offset of the first raw byte.
    pub offset: u64,
    /// Bytes in the archive, the same as `size` for a stored member.
    pub raw_size: u64,
    /// Bytes of content.
    pub size: u64,
    /// CRC-32 of the content, as the archive states it.
    pub crc32: u32,
    /// A raw deflate stream; otherwise plain bytes.
    pub deflated: bool,
    /// The archive marks the file as executable for somebody.
    pub(super) executable: bool,
}

/// A file shared by many readers: each read names its position, so threads do not disturb each other.
#[derive(Debug, Clone)]
pub(super) struct Handle(Arc<File>);

impl ReaderAt for Handle {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&*self.0, buffer, offset)
    }
}

impl Archive {
    /// Reads and checks the directory of `file`.
    pub fn open(file: File) -> Result<Self, WheelError> {
        let length = file.metadata().map_err(|source| WheelError::Read { source })?.len();
        let handle = Handle(Arc::new(file));
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let zip = ZipLocator::new()
            .locate_in_reader(handle.clone(), &mut buffer, length)
            .map_err(|(_, error)| zip_error(&error))?;
        if zip.end_offset() != length {
            return Err(WheelError::Zip { why: "there are bytes after its end".into() });
        }
        if zip.entries_hint() > MAX_MEMBERS {
            return Err(too_many(zip.entries_hint()));
        }
        let mut found = Found::default();
        let mut local = vec![0; 2 * usize::from(u16::MAX)];
        let mut entries = zip.entries(&mut buffer);
        while let Some(record) = entries.next_entry().map_err(|error| zip_error(&error))? {
            found.add(&zip, &record, &mut local)?;
        }
        if found.count != zip.entries_hint() {
            return Err(WheelError::Zip {
                why: "its directory has another number of members than it says".into(),
            });
        }
        found.check_sizes()?;
        found.check_positions(zip.directory_offset())?;
        check_directories(&found.members, &found.directories)?;
        Ok(Self { file: handle, members: found.members })
    }
}

/// What has been read of the central directory.
#[derive(Default)]
struct Found {
    members: BTreeMap<String, Packed>,
    directories: BTreeSet<String>,
    /// Start of the local header and end of the data of every member.
    ranges: Vec<(u64, u64)>,
    count: u64,
}

impl Found {
    fn add(
        &mut self,
        zip: &ZipArchive<Handle>,
        record: &ZipFileHeaderRecord<'_>,
        local: &mut [u8],
    ) -> Result<(), WheelError> {
        self.count += 1;
        if self.count > MAX_MEMBERS {
            return Err(too_many(self.count));
        }
        let name = checked_name(record.file_path().as_bytes())?;
        let packed = checked_member(zip, record, &name, local, &mut self.ranges)?;
        let fresh = match name.strip_suffix('/') {
            Some(directory) => self.directories.insert(directory.to_owned()),
            None => self.members.insert(name.clone(), packed).is_none(),
        };
        if fresh { Ok(()) } else { Err(WheelError::Twice { name }) }
    }

    /// Bounds what unpacking costs before the first byte is unpacked.
    fn check_sizes(&self) -> Result<(), WheelError> {
        let sum = |part: fn(&Packed) -> u64| self.members.values().map(part).try_fold(0, u64::checked_add);
        let size = sum(|member| member.size).unwrap_or(u64::MAX);
        let raw = sum(|member| member.raw_size).unwrap_or(u64::MAX);
        if size > MAX_SIZE {
            return Err(WheelError::TooMuch {
                what: format!("{size} bytes of files"),
                limit: format!("{MAX_SIZE} bytes"),
            });
        }
        if size > RATIO_MATTERS_FROM && size / raw.max(1) > MAX_RATIO {
            return Err(WheelError::TooMuch {
                what: format!("{size} bytes of files packed into {raw}"),
                limit: format!("{MAX_RATIO} to 1"),
            });
        }
        Ok(())
    }

    /// Members must follow each other: overlapping ones are the cheapest of bombs, and bytes before the first are a
    /// second file hidden in this one.
    fn check_positions(&mut self, directory: u64) -> Result<(), WheelError> {
        self.ranges.sort_unstable();
        let mut end = 0;
        for (index, &(from, to)) in self.ranges.iter().enumerate() {
            if index == 0 && from != 0 {
                return Err(WheelError::Zip { why: "there are bytes before its first member".into() });
            }
            if from < end || to < from {
                return Err(WheelError::Zip { why: "its members overlap".into() });
            }
            end = to;
        }
        if end > directory {
            return Err(WheelError::Zip { why: "a member reaches into its directory".into() });
        }
        Ok(())
    }
}

/// Checks one directory record against the member's own header.
fn checked_member(
    zip: &ZipArchive<Handle>,
    record: &ZipFileHeaderRecord<'_>,
    name: &str,
    local: &mut [u8],
    ranges: &mut Vec<(u64, u64)>,
) -> Result<Packed, WheelError> {
    let unreadable = |how: String| WheelError::Unreadable { name: name.to_owned(), how };
    if record.flags().is_encrypted() {
        return Err(unreadable("encrypted".into()));
    }
    let deflated = match record.compression_method() {
        CompressionMethod::DEFLATE => true,
        CompressionMethod::STORE => false,
        other => return Err(unreadable(format!("compressed with method {}", other.as_u16()))),
    };
    let executable = checked_kind(record, name)?;
    let entry = zip.get_entry(record.wayfinder()).map_err(|error| zip_error(&error))?;
    let header = entry.local_header(local).map_err(|error| zip_error(&error))?;
    let differs = |field| WheelError::Contradiction { name: name.to_owned(), field };
    if header.file_path().as_bytes() != record.file_path().as_bytes() {
        return Err(differs("name"));
    }
    if header.compression_method() != record.compression_method() {
        return Err(differs("compression"));
    }
    if header.flags().is_encrypted() {
        return Err(differs("encryption"));
    }
    let (raw_size, size) = (record.compressed_size_hint(), record.uncompressed_size_hint());
    // A streaming writer leaves these blank and puts the figures behind the data.
    let streamed = header.flags().has_data_descriptor();
    let agrees = |own: u64, truth: u64| own == truth || streamed && (own == 0 || own == u64::from(u32::MAX));
    if !agrees(header.compressed_size_hint(), raw_size)
        || !agrees(header.uncompressed_size_hint(), size)
        || !agrees(header.crc32().into(), record.crc32().into())
    {
        return Err(differs("size or checksum"));
    }
    if !deflated && raw_size != size {
        return Err(differs("size"));
    }
    let (offset, end) = entry.compressed_data_range();
    ranges.push((record.local_header_offset(), end));
    Ok(Packed { offset, raw_size, size, crc32: record.crc32(), deflated, executable })
}

/// Refuses links and devices; says whether a regular file is marked executable.
fn checked_kind(record: &ZipFileHeaderRecord<'_>, name: &str) -> Result<bool, WheelError> {
    let mode = record.external_attributes() >> 16;
    let special = |kind| Err(WheelError::Special { name: name.to_owned(), kind });
    let is_directory = name.ends_with('/');
    if is_directory && record.uncompressed_size_hint() != 0 {
        return special("directory with content");
    }
    match mode & 0o170_000 {
        0 | 0o040_000 if is_directory => Ok(false),
        // Without a type the permission bits mean nothing either: pip reads it so, too.
        0 => Ok(false),
        0o100_000 if !is_directory => Ok(mode & 0o111 != 0),
        0o120_000 => special("symbolic link"),
        0o040_000 => special("directory without the name of one"),
        _ => special("special file"),
    }
}

/// A name that means one path below the directory it is unpacked in, whoever reads it.
fn checked_name(raw: &[u8]) -> Result<String, WheelError> {
    let refuse = |why| {
        let shown = String::from_utf8_lossy(raw);
        let name = shown.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        Err(WheelError::Name { name, why })
    };
    let Ok(name) = std::str::from_utf8(raw) else { return refuse("it is not UTF-8") };
    if name.chars().any(char::is_control) {
        return refuse("it has control characters");
    }
    if name.contains('\\') {
        return refuse("it has a backslash");
    }
    if name.starts_with('/') {
        return refuse("it is absolute");
    }
    if name.len() > MAX_PATH {
        return refuse("it is too long");
    }
    for component in name.strip_suffix('/').unwrap_or(name).split('/') {
        match component {
            "" => return refuse("it has an empty component"),
            "." | ".." => return refuse("it has a `.` or `..` component"),
            _ if component.len() > MAX_COMPONENT => {
                return refuse("it has a component too long for a file system");
            }
            _ => {}
        }
    }
    Ok(name.to_owned())
}

/// No file may stand where another member, or a directory entry, needs a directory.
fn check_directories(
    members: &BTreeMap<String, Packed>,
    directories: &BTreeSet<String>,
) -> Result<(), WheelError> {
    let mut needed: BTreeSet<&str> = directories.iter().map(String::as_str).collect();
    for name in members.keys().map(String::as_str).chain(directories.iter().map(String::as_str)) {
        let mut rest = name;
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if !needed.insert(parent) {
                break;
            }
            rest = parent;
        }
    }
    match needed.into_iter().find(|name| members.contains_key(*name)) {
        Some(name) => Err(WheelError::Twice { name: name.to_owned() }),
        None => Ok(()),
    }
}

fn too_many(count: u64) -> WheelError {
    WheelError::TooMuch { what: format!("{count} members"), limit: format!("{MAX_MEMBERS} members") }
}

fn zip_error(error: &rawzip::Error) -> WheelError {
    WheelError::Zip { why: error.to_string() }
}

/// The largest wheels known have some 30 000 members.
const MAX_MEMBERS: u64 = 500_000;
/// The largest wheels known (CUDA) unpack to some 4 GB.
const MAX_SIZE: u64 = 64 << 30;
/// Below this total no ratio is dangerous.
const RATIO_MATTERS_FROM: u64 = 1 << 30;
/// Deflate reaches 1032 to 1; real wheels stay below 20.
const MAX_RATIO: u64 = 200;
/// `PATH_MAX` less room for the installation directory.
const MAX_PATH: usize = 3800;
/// `NAME_MAX` of every Linux file system.
const MAX_COMPONENT: usize = 255;

//! Reads tar archives that anybody may have written, under limits.
//!
//! Follows Go's `archive/tar` wherever programs differ, because every engine unpacks layers with it: entries that
//! cannot have content have none whatever their header says, global PAX headers are skipped, GNU names win over PAX.
//! Sparse files are refused: no image builder writes them, and they are a cheap way to a huge file.

use std::collections::BTreeMap;
use std::io::{self, Read};

use bareboat_store::Digest;
use tar::{EntryType, Header};

use crate::tar::write::{
    BLOCK, CHECKSUM, DEVICE_MAJOR, DEVICE_MINOR, Field, GID, MODE, MTIME, SIZE, UID, padding,
};
use crate::{Entry, Kind, Owner, PathError, TreePath};

/// What a reader accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Headers in one archive, those that only extend the next one included.
    pub entries: u64,
    /// Bytes of a path or of a link target.
    pub path: usize,
    /// Bytes of one PAX header or one GNU name.
    pub extension: u64,
    /// Bytes of tar in one archive, whatever its compressed size.
    pub bytes: u64,
}

impl Default for Limits {
    /// Ten times what the largest images known have.
    fn default() -> Self {
        Self { entries: 5_000_000, path: 4096, extension: 1 << 20, bytes: 200 << 30 }
    }
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its normalised path.
    pub path: TreePath,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits, as in [`Entry::mode`].
    pub mode: u16,
    /// Numeric owner; names are ignored.
    pub owner: Owner,
    /// Extended attributes, as in [`Entry::xattrs`].
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// Modification time in seconds since 1970, fractions cut off.
    pub mtime: i64,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file whose content follows.
    File {
        /// Bytes.
        size: u64,
    },
    /// Anything else; never [`Kind::File`].
    Other(Kind),
}

impl Member {
    /// The entry it stands for, with the digest of its content if it is a regular file.
    pub fn into_entry(self, content: Digest) -> Entry {
        let kind = match self.kind {
            MemberKind::File { size } => Kind::File { digest: content, size },
            MemberKind::Other(kind) => kind,
        };
        Entry { kind, mode: self.mode, owner: self.owner, xattrs: self.xattrs }
    }

    /// Bytes of content that follow.
    pub fn size(&self) -> u64 {
        match self.kind {
            MemberKind::File { size } => size,
            MemberKind::Other(_) => 0,
        }
    }
}

/// Reads members one after the other from an uncompressed archive.
pub struct TarReader<R> {
    input: R,
    limits: Limits,
    headers: u64,
    bytes: u64,
    /// Of the current member's content and of the padding behind it.
    content_left: u64,
    padding_left: u64,
    ended: bool,
}

impl<R: Read> TarReader<R> {
    /// Reads from `input`.
    pub fn new(input: R, limits: Limits) -> Self {
        Self { input, limits, headers: 0, bytes: 0, content_left: 0, padding_left: 0, ended: false }
    }

    /// The next member; what was not read of the one before is skipped. `None` at the end.
    pub fn next_member(&mut self) -> Result<Option<Member>, TarError> {
        let mut extension = Extension::default();
        loop {
            self.skip_content()?;
            if self.ended {
                return Ok(None);
            }
            let Some(header) = self.read_header()? else { return Ok(None) };
            match header.entry_type() {
                EntryType::XHeader => extension.pax = parse_pax(&self.read_extension(&header)?)?,
                EntryType::XGlobalHeader => drop(self.read_extension(&header)?),
                EntryType::GNULongName => extension.name = Some(text(self.read_extension(&header)?)),
                EntryType::GNULongLink => extension.link = Some(text(self.read_extension(&header)?)),
                _ => {
                    let member = self.member(&header, extension)?;
                    self.content_left = member.size();
                    self.padding_left = padding(member.size()) as u64;
                    return Ok(Some(member));
                }
            }
        }
    }

    /// Reads the current member's content.
    pub fn content(&mut self) -> Content<'_, R> {
        Content { reader: self }
    }

    /// Offset of the current member's content from the start of the archive, in bytes.
    pub fn position(&self) -> u64 {
        self.bytes
    }

    /// Reads to the end of the input, which may go on behind the archive; the input.
    pub fn finish(mut self) -> Result<R, TarError> {
        while self.next_member()?.is_some() {}
        let mut buffer = vec![0; SKIP];
        while self.read_some(&mut buffer)? > 0 {}
        Ok(self.input)
    }

    fn member(&self, header: &Header, extension: Extension) -> Result<Member, TarError> {
        let Extension { pax, name, link } = extension;
        let field = |key: &str| pax.get(key.as_bytes());
        let raw_path =
            name.or_else(|| field("path").cloned()).unwrap_or_else(|| header.path_bytes().into_owned());
        let fail = |fault| TarError::Entry { path: lossy(&raw_path), fault };
        if raw_path.len() > self.limits.path {
            return Err(fail(Fault::LongPath));
        }
        let path = TreePath::new(&raw_path).map_err(|error| fail(Fault::Path(error)))?;
        let link = link
            .or_else(|| field("linkpath").cloned())
            .unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned());
        if link.len() > self.limits.path {
            return Err(fail(Fault::LongPath));
        }
        if pax.keys().any(|key| key.starts_with(b"GNU.sparse.")) {
            return Err(fail(Fault::Sparse));
        }
        let number = |key: &'static str, at| match field(key) {
            Some(text) => parse_number(text).ok_or_else(|| fail(Fault::Number(key))),
            None => numeric(header, at).ok_or_else(|| fail(Fault::Number(key))),
        };
        let id = |key, at| u32::try_from(number(key, at)?).map_err(|_| fail(Fault::Number(key)));
        let owner = Owner { uid: id("uid", UID)?, gid: id("gid", GID)? };
        let mode = numeric(header, MODE).ok_or_else(|| fail(Fault::Number("mode")))? & 0o7777;
        let mtime = match field("mtime") {
            Some(text) => parse_time(text).ok_or_else(|| fail(Fault::Number("mtime")))?,
            // Nobody needs the exact time of what claims to be older than 1970.
            None => numeric(header, MTIME).and_then(|time| i64::try_from(time).ok()).unwrap_or(0),
        };
        let size = number("size", SIZE)?;
        if size > self.limits.bytes {
            return Err(TarError::TooLarge { limit: self.limits.bytes });
        }
        let kind = member_kind(header, &raw_path, link, size).map_err(fail)?;
        if path.is_root() && kind != MemberKind::Other(Kind::Directory) {
            return Err(fail(Fault::Root));
        }
        let mut xattrs = BTreeMap::new();
        for (key, value) in &pax {
            if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                let name = std::str::from_utf8(name).map_err(|_| fail(Fault::Attribute))?;
                xattrs.insert(name.to_owned(), value.clone());
            }
        }
        Ok(Member { path, kind, mode: mode as u16, owner, xattrs, mtime })
    }

    /// The next header block; `None` at the end of the archive.
    fn read_header(&mut self) -> Result<Option<Header>, TarError> {
        let mut block = [0; BLOCK];
        if !self.read_block(&mut block)? {
            self.ended = true;
            return Ok(None);
        }
        if block.iter().all(|&byte| byte == 0) {
            // Whatever the second block holds: nothing behind the first is part of the archive.
            self.ended = true;
            return Ok(None);
        }
        self.headers += 1;
        if self.headers > self.limits.entries {
            return Err(TarError::TooMany { limit: self.limits.entries });
        }
        let header = Header::from_byte_slice(&block).clone();
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        let own: u32 = block[148..156].iter().map(|&byte| u32::from(byte)).sum();
        match numeric(&header, CHECKSUM) {
            Some(expected) if expected == u64::from(sum - own + 8 * u32::from(b' ')) => Ok(Some(header)),
            _ => Err(TarError::Checksum { offset: self.bytes - BLOCK as u64 }),
        }
    }

    fn read_extension(&mut self, header: &Header) -> Result<Vec<u8>, TarError> {
        let size = numeric(header, SIZE).ok_or(TarError::Extension("its size is not a number"))?;
        if size > self.limits.extension {
            return Err(TarError::Extension("it is too large"));
        }
        let mut content = vec![0; size as usize];
        self.read_exactly(&mut content)?;
        let mut rest = [0; BLOCK];
        self.read_exactly(&mut rest[..padding(size)])?;
        Ok(content)
    }

    fn skip_content(&mut self) -> Result<(), TarError> {
        let mut left = self.content_left + self.padding_left;
        let mut buffer = vec![0; usize::try_from(left).unwrap_or(SKIP).min(SKIP)];
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(SKIP).min(buffer.len());
            let read = self.read_some(&mut buffer[..length])?;
            // Engines accept an archive cut off within the padding of its last entry.
            if read == 0 && left > self.padding_left {
                return Err(TarError::Truncated);
            }
            if read == 0 {
                break;
            }
            left -= read as u64;
        }
        (self.content_left, self.padding_left) = (0, 0);
        Ok(())
    }

    /// False when the input ends before the block.
    fn read_block(&mut self, block: &mut [u8; BLOCK]) -> Result<bool, TarError> {
        let first = self.read_some(block)?;
        if first == 0 {
            return Ok(false);
        }
        self.read_exactly(&mut block[first..])?;
        Ok(true)
    }

    fn read_exactly(&mut self, mut buffer: &mut [u8]) -> Result<(), TarError> {
        while !buffer.is_empty() {
            match self.read_some(buffer)? {
                0 => return Err(TarError::Truncated),
                read => buffer = &mut buffer[read..],
            }
        }
        Ok(())
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, TarError> {
        let read = loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => break other?,
            }
        };
        self.bytes += read as u64;
        if self.bytes > self.limits.bytes {
            return Err(TarError::TooLarge { limit: self.limits.bytes });
        }
        Ok(read)
    }
}

/// The content of one member.
pub struct Content<'a, R> {
    reader: &'a mut TarReader<R>,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.reader.content_left).unwrap_or(usize::MAX).min(buffer.len());
        if length == 0 {
            return Ok(0);
        }
        let read = self.reader.read_some(&mut buffer[..length]).map_err(TarError::into_io)?;
        if read == 0 {
            return Err(TarError::Truncated.into_io());
        }
        self.reader.content_left -= read as u64;
        Ok(read)
    }
}

/// What precedes a header and changes its meaning.
#[derive(Default)]
struct Extension {
    pax: BTreeMap<Vec<u8>, Vec<u8>>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

fn member_kind(header: &Header, path: &[u8], link: Vec<u8>, size: u64) -> Result<MemberKind, Fault> {
    let flag = header.as_bytes()[156];
    let device = || {
        let number = |at| numeric(header, at).and_then(|number| u32::try_from(number).ok());
        let numbers = number(DEVICE_MAJOR).zip(number(DEVICE_MINOR));
        numbers.ok_or(Fault::Number("device"))
    };
    let kind = match flag {
        // Before POSIX a directory was a file with a slash at its end.
        0 if path.ends_with(b"/") => Kind::Directory,
        0 | b'0' | b'7' if path.ends_with(b"/") => return Err(Fault::FileWithSlash),
        0 | b'0' | b'7' => return Ok(MemberKind::File { size }),
        b'1' => Kind::HardLink { target: TreePath::new(&link).map_err(Fault::Path)? },
        b'2' => match String::from_utf8(link) {
            Ok(target) if target.is_empty() => return Err(Fault::EmptyLink),
            Ok(target) => Kind::Symlink { target },
            Err(_) => return Err(Fault::LinkText),
        },
        b'3' => {
            let (major, minor) = device()?;
            Kind::CharDevice { major, minor }
        }
        b'4' => {
            let (major, minor) = device()?;
            Kind::BlockDevice { major, minor }
        }
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        b'S' => return Err(Fault::Sparse),
        other => return Err(Fault::Type(char::from(other))),
    };
    Ok(MemberKind::Other(kind))
}

/// A number in a header field: octal digits among spaces and NULs, nothing at all (0), or base 256 with the first bit
/// set (GNU).
fn numeric(header: &Header, (offset, length): Field) -> Option<u64> {
    let field = &header.as_bytes()[offset..offset + length];
    if field[0] & 0x80 != 0 {
        let bytes = std::iter::once(field[0] & 0x7f).chain(field[1..].iter().copied());
        return bytes
            .skip_while(|&byte| byte == 0)
            .try_fold(0u64, |value, byte| (value >> 56 == 0).then_some(value << 8 | u64::from(byte)));
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let digits: Vec<u8> =
        field.iter().copied().skip_while(is_blank).take_while(|byte| !is_blank(byte)).collect();
    digits.iter().try_fold(0u64, |value, digit| {
        matches!(digit, b'0'..=b'7').then(|| value << 3 | u64::from(digit - b'0'))
    })
}

/// PAX records: `length key=value\n`, the length counting the whole record. An empty value takes the key back.
fn parse_pax(mut body: &[u8]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, TarError> {
    const BAD: TarError = TarError::Extension("it is not made of records");
    let mut records = BTreeMap::new();
    while !body.is_empty() {
        let space = body.iter().take(20).position(|&byte| byte == b' ').ok_or(BAD)?;
        let length =
            parse_number(&body[..space]).and_then(|length| usize::try_from(length).ok()).ok_or(BAD)?;
        if length <= space + 1 || length > body.len() || body[length - 1] != b'\n' {
            return Err(BAD);
        }
        let record = &body[space + 1..length - 1];
        let equals = record.iter().position(|&byte| byte == b'=').ok_or(BAD)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let is_text = matches!(key, b"path" | b"linkpath");
        if key.is_empty() || is_text && value.contains(&0) {
            return Err(BAD);
        }
        match value {
            [] => drop(records.remove(key)),
            value => drop(records.insert(key.to_vec(), value.to_vec())),
        }
        body = &body[length..];
    }
    Ok(records)
}

fn parse_number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Seconds of a decimal fraction, rounded towards the past.
fn parse_time(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let has_fraction = fraction.bytes().any(|digit| digit != b'0');
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    seconds.checked_sub(i64::from(whole.starts_with('-') && has_fraction))
}

/// GNU names end at a NUL.
fn text(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
}

const SKIP: usize = 64 * 1024;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// Reading failed, or what is read is compressed and damaged.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// The archive ends within an entry.
    #[error("the archive ends within an entry")]
    Truncated,
    /// A header's checksum is wrong: damaged, or not a tar archive.
    #[error("no tar header at byte {offset}")]
    Checksum {
        /// From the start of the archive.
        offset: u64,
    },
    /// A PAX header or GNU name is wrong.
    #[error("an extension header cannot be used: {0}")]
    Extension(&'static str),
    /// More entries than the limit.
    #[error("the archive has more than {limit} entries")]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// More bytes than the limit.
    #[error("the archive has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// An entry that no honest builder writes, or that we cannot represent.
    #[error("entry `{path}`: {fault}")]
    Entry {
        /// Its path as written, cut after 300 bytes.
        path: String,
        /// What is wrong.
        fault: Fault,
    },
}

impl TarError {
    fn into_io(self) -> io::Error {
        match self {
            Self::Read(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Traversal or a NUL byte.
    #[error("{0}")]
    Path(PathError),
    /// Path or link target beyond the limit.
    #[error("the path or the link target is too long")]
    LongPath,
    /// The root is something else than a directory.
    #[error("it makes the root something else than a directory")]
    Root,
    /// A number that is none, or beyond its range.
    #[error("its {0} is not a number in range")]
    Number(&'static str),
    /// A sparse file.
    #[error("it is a sparse file, which no image builder writes")]
    Sparse,
    /// A regular file with a directory's name; engines fail on it.
    #[error("it is a regular file, but its name ends in `/`")]
    FileWithSlash,
    /// A symbolic link to nothing.
    #[error("it is a symbolic link without target")]
    EmptyLink,
    /// A symbolic link whose target is not UTF-8.
    #[error("its link target is not UTF-8")]
    LinkText,
    /// An extended attribute whose name is not UTF-8.
    #[error("the name of an extended attribute is not UTF-8")]
    Attribute,
    /// A type no layer can have.
    #[error("its type `{0}` does not belong into a layer")]
    Type(char),
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

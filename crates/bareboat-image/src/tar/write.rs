//! Writes tar headers in one canonical encoding: equal input gives equal bytes.
//!
//! A plain ustar header wherever it can hold the facts, preceded by a PAX header (POSIX.1-2017, pax, "Extended
//! Header") only where it cannot: a path that no prefix split holds or that is not ASCII, a long link target,
//! 8 GiB of content, an owner above 2097151, a time outside 1970 to 2242, extended attributes (as
//! `SCHILY.xattr.*`, the form every engine reads). Owners are numbers without names. GNU extensions are never
//! written: Go's reader, which every engine uses, mixes the two forms up in corner cases.

use std::collections::BTreeMap;

use crate::{Entry, Kind, TreePath};

/// Bytes in a tar block; headers and contents start on a multiple of it.
pub const BLOCK: usize = 512;

/// The two zero blocks that end an archive.
pub const END_OF_ARCHIVE: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Appends the header of one entry to `out`, with its PAX header where one is needed.
///
/// `mtime` is in seconds since 1970. The content of a regular file and its [`padding`] are up to the caller.
///
/// # Errors
/// The entry cannot be written as a tar entry, or could not be unpacked again.
pub fn write_header(out: &mut Vec<u8>, path: &TreePath, entry: &Entry, mtime: i64) -> Result<(), EntryError> {
    check(path, entry)?;
    let name = member_name(path, &entry.kind);
    let link = link_name(&entry.kind);
    let mut pax = BTreeMap::new();
    let mut header = Header::new(type_flag(&entry.kind), u64::from(entry.mode));

    match split(&name) {
        Some((prefix, rest)) => {
            header.set(NAME, rest);
            header.set(PREFIX, prefix);
        }
        None => {
            header.set(NAME, &fallback(&name));
            pax.insert("path".to_owned(), name);
        }
    }
    if link.len() <= LINK.1 && link.is_ascii() {
        header.set(LINK, &link);
    } else {
        header.set(LINK, &fallback(&link));
        pax.insert("linkpath".to_owned(), link);
    }
    header.number_or_pax(UID, "uid", i64::from(entry.owner.uid), &mut pax);
    header.number_or_pax(GID, "gid", i64::from(entry.owner.gid), &mut pax);
    let size = i64::try_from(entry.size()).map_err(|_| EntryError::new(path, Fault::Size))?;
    header.number_or_pax(SIZE, "size", size, &mut pax);
    header.number_or_pax(MTIME, "mtime", mtime, &mut pax);
    if let Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } = entry.kind {
        header.number(DEVICE_MAJOR, u64::from(major));
        header.number(DEVICE_MINOR, u64::from(minor));
    }
    for (attribute, value) in &entry.xattrs {
        pax.insert(format!("SCHILY.xattr.{attribute}"), value.clone());
    }
    if !pax.is_empty() {
        write_pax(out, path, &pax);
    }
    out.extend_from_slice(&header.finish());
    Ok(())
}

/// Zero bytes that must follow `size` bytes of content.
pub fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    (BLOCK - over) % BLOCK
}

/// Why an entry cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `{path}` into a layer: {fault}")]
pub struct EntryError {
    /// The path of the entry.
    pub path: TreePath,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// More than the twelve permission bits.
    #[error("mode `{0:o}` has more than the twelve permission bits")]
    Mode(u16),
    /// The root can only be a directory.
    #[error("the root can only be a directory")]
    Root,
    /// A link target that is empty or has a NUL byte.
    #[error("link target `{0}` is empty or has a NUL byte")]
    LinkTarget(String),
    /// A hard link to itself or to the root.
    #[error("a hard link to `{0}` cannot exist")]
    HardLink(TreePath),
    /// An extended attribute's name that PAX cannot hold.
    #[error("extended attribute name `{0}` is empty or has `=` or a NUL byte")]
    Attribute(String),
    /// A device number beyond what ustar holds (2097151; Linux ends at 1048575).
    #[error("device number {0}:{1} is too large")]
    Device(u32, u32),
    /// More than 2^63 - 1 bytes.
    #[error("content is larger than 2^63 - 1 bytes")]
    Size,
    /// A component beyond what Linux stores (NAME_MAX), or a path beyond PATH_MAX.
    #[error("a name is longer than 255 bytes or the path longer than 4095")]
    TooLong,
}

impl EntryError {
    fn new(path: &TreePath, fault: Fault) -> Self {
        Self { path: path.clone(), fault }
    }
}

fn check(path: &TreePath, entry: &Entry) -> Result<(), EntryError> {
    let fail = |fault| Err(EntryError::new(path, fault));
    if entry.mode > 0o7777 {
        return fail(Fault::Mode(entry.mode));
    }
    if path.is_root() && entry.kind != Kind::Directory {
        return fail(Fault::Root);
    }
    if path.as_bytes().len() > 4095 || path.components().any(|name| name.len() > 255) {
        return fail(Fault::TooLong);
    }
    match &entry.kind {
        Kind::Symlink { target } if target.is_empty() || target.contains('\0') => {
            return fail(Fault::LinkTarget(target.clone()));
        }
        Kind::HardLink { target } if target.is_root() || target == path => {
            return fail(Fault::HardLink(target.clone()));
        }
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor }
            if (*major).max(*minor) > 0o7777777 =>
        {
            return fail(Fault::Device(*major, *minor));
        }
        _ => {}
    }
    match entry.xattrs.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        Some(name) => fail(Fault::Attribute(name.clone())),
        None => Ok(()),
    }
}

/// The name as tar has it: directories end in a slash, the root is `./`.
fn member_name(path: &TreePath, kind: &Kind) -> Vec<u8> {
    match kind {
        Kind::Directory if path.is_root() => b"./".to_vec(),
        Kind::Directory => [path.as_bytes(), b"/"].concat(),
        _ => path.as_bytes().to_vec(),
    }
}

fn link_name(kind: &Kind) -> Vec<u8> {
    match kind {
        Kind::Symlink { target } => target.as_bytes().to_vec(),
        Kind::HardLink { target } => target.as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn type_flag(kind: &Kind) -> u8 {
    match kind {
        Kind::File { .. } => b'0',
        Kind::HardLink { .. } => b'1',
        Kind::Symlink { .. } => b'2',
        Kind::CharDevice { .. } => b'3',
        Kind::BlockDevice { .. } => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    }
}

/// Prefix and name of an ASCII path that ustar holds: no prefix if the name fits, else the shortest.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME.1 {
        return Some((b"", name));
    }
    let first = name.len() - NAME.1 - 1;
    let slash = first + name[first..name.len() - 1].iter().position(|&byte| byte == b'/')?;
    (slash > 0 && slash <= PREFIX.1).then(|| (&name[..slash], &name[slash + 1..]))
}

/// What a reader without PAX support shows: the last bytes that fit, ASCII only.
fn fallback(text: &[u8]) -> Vec<u8> {
    let start = text.len().saturating_sub(NAME.1);
    text[start..].iter().map(|byte| if byte.is_ascii() { *byte } else { b'_' }).collect()
}

fn write_pax(out: &mut Vec<u8>, path: &TreePath, records: &BTreeMap<String, Vec<u8>>) {
    let mut body = Vec::new();
    for (key, value) in records {
        // The length counts its own digits, so it is found by trying.
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() > length {
            length = rest + length.to_string().len();
        }
        body.extend_from_slice(format!("{length} {key}=").as_bytes());
        body.extend_from_slice(value);
        body.push(b'\n');
    }
    let mut header = Header::new(b'x', 0o644);
    let name = fallback(&[b"PaxHeaders/", path.file_name()].concat());
    header.set(NAME, &name);
    header.number(SIZE, body.len() as u64);
    out.extend_from_slice(&header.finish());
    out.extend_from_slice(&body);
    out.resize(out.len() + padding(body.len() as u64), 0);
}

/// Offset and length of a header field (POSIX.1-2017, pax, "ustar Header Block").
pub(super) type Field = (usize, usize);
const NAME: Field = (0, 100);
pub(super) const MODE: Field = (100, 8);
pub(super) const UID: Field = (108, 8);
pub(super) const GID: Field = (116, 8);
pub(super) const SIZE: Field = (124, 12);
pub(super) const MTIME: Field = (136, 12);
pub(super) const CHECKSUM: Field = (148, 8);
const TYPE_FLAG: Field = (156, 1);
const LINK: Field = (157, 100);
const MAGIC: Field = (257, 8);
pub(super) const DEVICE_MAJOR: Field = (329, 8);
pub(super) const DEVICE_MINOR: Field = (337, 8);
const PREFIX: Field = (345, 155);

struct Header([u8; BLOCK]);

impl Header {
    fn new(type_flag: u8, mode: u64) -> Self {
        let mut header = Self([0; BLOCK]);
        header.set(TYPE_FLAG, &[type_flag]);
        header.set(MAGIC, b"ustar\x0000");
        for field in [UID, GID, SIZE, MTIME, DEVICE_MAJOR, DEVICE_MINOR] {
            header.number(field, 0);
        }
        header.number(MODE, mode);
        header
    }

    fn set(&mut self, (offset, length): Field, value: &[u8]) {
        let value = &value[..value.len().min(length)];
        self.0[offset..offset + value.len()].copy_from_slice(value);
    }

    /// Octal digits with leading zeros and one NUL; the value must fit.
    fn number(&mut self, field: Field, value: u64) {
        let width = field.1 - 1;
        self.set(field, format!("{value:0width$o}").as_bytes());
    }

    fn number_or_pax(&mut self, field: Field, key: &str, value: i64, pax: &mut BTreeMap<String, Vec<u8>>) {
        let limit = 1u64 << (3 * (field.1 - 1));
        match u64::try_from(value) {
            Ok(value) if value < limit => self.number(field, value),
            _ => drop(pax.insert(key.to_owned(), value.to_string().into_bytes())),
        }
    }

    /// The block with its checksum: the sum of all bytes, the checksum's own taken as spaces.
    fn finish(mut self) -> [u8; BLOCK] {
        self.set(CHECKSUM, b"        ");
        let sum: u32 = self.0.iter().map(|&byte| u32::from(byte)).sum();
        self.set(CHECKSUM, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use bareboat_store::Digest;
    use proptest::prelude::*;

    use super::*;
    use crate::Owner;

    fn path(text: impl AsRef<[u8]>) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn encode(at: &TreePath, entry: &Entry, mtime: i64) -> Vec<u8> {
        let mut out = Vec::new();
        write_header(&mut out, at, entry, mtime).unwrap();
        out
    }

    /// Path, link target, xattrs and header as the `tar` crate understands them (it splits PAX records at
    /// newlines, so values with one are left to our own reader's tests).
    fn decode(bytes: &[u8]) -> (Vec<u8>, Vec<u8>, BTreeMap<String, Vec<u8>>, tar::Header) {
        let mut archive = tar::Archive::new(bytes);
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        let mut xattrs = BTreeMap::new();
        if let Some(records) = entry.pax_extensions().unwrap() {
            for record in records {
                let record = record.unwrap();
                if let Some(name) = record.key().unwrap().strip_prefix("SCHILY.xattr.") {
                    xattrs.insert(name.to_owned(), record.value_bytes().to_vec());
                }
            }
        }
        let link = entry.link_name_bytes().map(|link| link.into_owned()).unwrap_or_default();
        (entry.path_bytes().into_owned(), link, xattrs, entry.header().clone())
    }

    #[test]
    fn plain_entries_are_one_ustar_block() {
        let bytes = encode(&path("usr/bin/x"), &Entry::file(Digest::of(b""), 5, 0o755), 1);
        assert_eq!(bytes.len(), BLOCK);
        assert_eq!(&bytes[..10], b"usr/bin/x\0");
        assert_eq!(&bytes[100..136], b"0000755\x000000000\x000000000\x0000000000005\0");
        assert_eq!(&bytes[136..148], b"00000000001\0");
        assert_eq!(&bytes[156..157], b"0");
        assert_eq!(&bytes[257..265], b"ustar\x0000");
        assert!(bytes[265..329].iter().all(|&byte| byte == 0), "owner names stay empty");
    }

    #[test]
    fn directories_end_in_a_slash_and_the_root_is_a_dot() {
        assert_eq!(decode(&encode(&path("etc"), &Entry::directory(0o755), 0)).0, b"etc/");
        assert_eq!(decode(&encode(&TreePath::ROOT, &Entry::directory(0o755), 0)).0, b"./");
    }

    #[test]
    fn long_paths_use_the_prefix_while_it_holds_them() {
        let long = format!("{}/{}", "d".repeat(155), "f".repeat(100));
        let bytes = encode(&path(&long), &Entry::symlink("x"), 0);
        assert_eq!(bytes.len(), BLOCK);
        assert_eq!(decode(&bytes).0, long.as_bytes());
        let longer = format!("{}/{}", "d".repeat(156), "f".repeat(100));
        let bytes = encode(&path(&longer), &Entry::symlink("x"), 0);
        assert_eq!(bytes.len(), 3 * BLOCK);
        assert_eq!(decode(&bytes).0, longer.as_bytes());
    }

    #[test]
    fn what_ustar_cannot_hold_travels_in_pax() {
        let mut entry = Entry::file(Digest::of(b""), 9 << 30, 0o4755);
        entry.owner = Owner { uid: 3_000_000_000, gid: 2_097_152 };
        entry.xattrs.insert("security.capability".into(), vec![1, 0, b'=', 255]);
        let bytes = encode(&path("café"), &entry, -1);
        let text = String::from_utf8_lossy(&bytes[BLOCK..2 * BLOCK]);
        assert!(text.contains(" gid=2097152\n") && text.contains(" uid=3000000000\n"), "{text}");
        assert!(text.contains(" size=9663676416\n") && text.contains(" mtime=-1\n"), "{text}");
        let (name, _, xattrs, _) = decode(&bytes);
        assert_eq!((name, xattrs), ("café".as_bytes().to_vec(), entry.xattrs));
    }

    #[test]
    fn pax_lengths_count_their_own_digits() {
        for length in 80..120 {
            let target = "t".repeat(length);
            let bytes = encode(&path("l"), &Entry::symlink(&target), 0);
            assert_eq!(decode(&bytes).1, target.as_bytes(), "{length}");
        }
    }

    #[test]
    fn refuses_what_could_not_be_unpacked() {
        let fault =
            |at: &str, entry: Entry| write_header(&mut Vec::new(), &path(at), &entry, 0).unwrap_err().fault;
        let hard =
            |target: &str| Entry { kind: Kind::HardLink { target: path(target) }, ..Entry::directory(0) };
        assert_eq!(fault("", Entry::symlink("x")), Fault::Root);
        assert_eq!(fault("a", Entry::directory(0o10000)), Fault::Mode(0o10000));
        assert_eq!(fault("a", Entry::symlink("")), Fault::LinkTarget(String::new()));
        assert_eq!(fault("a", hard("a")), Fault::HardLink(path("a")));
        assert_eq!(fault(&"a".repeat(256), Entry::directory(0)), Fault::TooLong);
        let mut named = Entry::directory(0);
        named.xattrs.insert("a=b".into(), Vec::new());
        assert_eq!(fault("a", named), Fault::Attribute("a=b".into()));
    }

    proptest! {
        #[test]
        fn the_tar_crate_reads_back_what_was_written(
            at in "[a-zé/._-]{1,300}", target in "[a-zé/.]{1,200}", mode in 0u16..0o10000, uid: u32, gid: u32,
            mtime in 0i64..1 << 33, value in proptest::collection::vec(11u8.., 0..300),
        ) {
            let Ok(at) = TreePath::new(&at) else { return Ok(()) };
            prop_assume!(!at.is_root() && at.components().all(|name| name.len() <= 255));
            let mut entry = Entry::symlink(&target);
            entry.mode = mode;
            entry.owner = Owner { uid, gid };
            entry.xattrs.insert("user.x".into(), value);
            let (name, link, xattrs, header) = decode(&encode(&at, &entry, mtime));
            prop_assert_eq!(name, at.as_bytes());
            prop_assert_eq!(link, target.as_bytes());
            prop_assert_eq!(xattrs, entry.xattrs);
            prop_assert_eq!(header.mode().unwrap(), u32::from(mode));
            prop_assert_eq!(header.mtime().unwrap(), u64::try_from(mtime).unwrap());
        }
    }
}

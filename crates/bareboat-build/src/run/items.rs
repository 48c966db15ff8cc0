//! The entries of an archive of changes, and how files on disk become such entries.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bareboat_image::tar::write::{padding, write_header};
use bareboat_image::unpack::keeps_attribute;
use bareboat_image::{Entry, Kind, Owner, TreePath};
use bareboat_store::Digest;

use super::lower::Found;

/// Entries in their order, which is that of their names, directory by directory.
#[derive(Default)]
pub(super) struct Items {
    list: Vec<Item>,
    /// The first name of every file with several.
    links: BTreeMap<(u64, u64), TreePath>,
}

/// One entry of the archive.
struct Item {
    path: TreePath,
    entry: Entry,
    time: i64,
    /// Where a regular file's content is.
    content: Option<PathBuf>,
}

impl Item {
    fn write(&self, latest: i64, output: &mut dyn Write) -> io::Result<()> {
        let mut header = Vec::new();
        write_header(&mut header, &self.path, &self.entry, self.time.min(latest))
            .map_err(io::Error::other)?;
        output.write_all(&header)?;
        let Some(content) = &self.content else { return Ok(()) };
        let size = self.entry.size();
        let copied = io::copy(&mut File::open(content)?.take(size), output)?;
        if copied != size {
            return Err(io::Error::other("its size changed"));
        }
        output.write_all(&vec![0; padding(size)])
    }
}

impl Items {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Takes entries back, all but the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.list.truncate(length);
    }

    /// Writes the archive, without its end. No time in it is later than `latest`.
    pub(super) fn write(&self, latest: i64, output: &mut dyn Write) -> Result<(), String> {
        for item in &self.list {
            item.write(latest, output).map_err(|error| format!("cannot pack `{}`: {error}", item.path))?;
        }
        Ok(())
    }

    /// Says that lower layers have nothing at `path` any more (OCI image layer specification, "Whiteouts").
    pub(super) fn push_whiteout(&mut self, path: &TreePath) -> io::Result<()> {
        self.push_marker(&path.parent().unwrap_or_default(), &[WHITEOUT, path.file_name()].concat())
    }

    /// Says that lower layers have nothing in `directory` any more.
    pub(super) fn push_opaque(&mut self, directory: &TreePath) -> io::Result<()> {
        self.push_marker(directory, OPAQUE)
    }

    fn push_marker(&mut self, directory: &TreePath, name: &[u8]) -> io::Result<()> {
        let path = directory.join(name).map_err(io::Error::other)?;
        let entry = Entry::file(NO_DIGEST, 0, 0o600);
        self.list.push(Item { path, entry, time: 0, content: None });
        Ok(())
    }

    /// Anything but a directory at `at`, whose further names become hard links to the first.
    pub(super) fn push_file(
        &mut self,
        path: TreePath,
        at: &Path,
        kind: Kind,
        metadata: &Metadata,
        attributes: Attributes,
    ) {
        if metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            if let Some(first) = self.links.get(&inode) {
                let target = first.clone();
                return self.push(path, Kind::HardLink { target }, metadata, BTreeMap::new());
            }
            self.links.insert(inode, path.clone());
        }
        self.push(path, kind, metadata, attributes);
        if let Some(item) = self.list.last_mut().filter(|_| metadata.is_file()) {
            item.content = Some(at.to_owned());
        }
    }

    pub(super) fn push(&mut self, path: TreePath, kind: Kind, metadata: &Metadata, xattrs: Attributes) {
        let mode = (metadata.mode() & 0o7777) as u16;
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        let entry = Entry { kind, mode, owner, xattrs };
        self.list.push(Item { path, entry, time: metadata.mtime(), content: None });
    }
}

/// What a file is, its content not counted.
pub(super) fn kind_of(at: &Path, metadata: &Metadata) -> io::Result<Kind> {
    if metadata.is_symlink() {
        let target = fs::read_link(at)?.into_os_string().into_string();
        let target = target.map_err(|_| io::Error::other("its link target is not UTF-8"))?;
        return Ok(Kind::Symlink { target });
    }
    Ok(Kind::of_special(metadata).unwrap_or(Kind::File { digest: NO_DIGEST, size: metadata.len() }))
}

/// Whether everything but the time is the same.
pub(super) fn same_metadata(own: &Metadata, attributes: &Attributes, below: &Found) -> io::Result<bool> {
    let facts = |metadata: &Metadata| (metadata.mode(), metadata.uid(), metadata.gid(), metadata.rdev());
    Ok(facts(own) == facts(&below.metadata) && *attributes == self::attributes(&below.path)?)
}

/// Whether a file was only copied up: opened for writing, perhaps, but not written to.
pub(super) fn is_untouched(
    at: &Path,
    own: &Metadata,
    attributes: &Attributes,
    below: &Found,
) -> io::Result<bool> {
    let facts = |metadata: &Metadata| (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
    if facts(own) != facts(&below.metadata) || !same_metadata(own, attributes, below)? {
        return Ok(false);
    }
    if own.is_symlink() {
        return Ok(fs::read_link(at)? == fs::read_link(&below.path)?);
    }
    // The time can be set back.
    Ok(!own.is_file() || same_content(File::open(at)?, File::open(&below.path)?)?)
}

fn same_content(mut left: File, mut right: File) -> io::Result<bool> {
    let (mut own, mut other) = (vec![0; BUFFER], vec![0; BUFFER]);
    loop {
        let length = left.read(&mut own)?;
        if length == 0 {
            return Ok(right.read(&mut other[..1])? == 0);
        }
        match right.read_exact(&mut other[..length]) {
            Ok(()) if own[..length] == other[..length] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// Extended attributes by name.
pub(super) type Attributes = BTreeMap<String, Vec<u8>>;

/// The extended attributes that belong into a layer.
pub(super) fn attributes(at: &Path) -> io::Result<Attributes> {
    use rustix::io::Errno;
    let mut names = vec![0; 4096];
    let length = loop {
        match rustix::fs::llistxattr(at, &mut names) {
            Ok(length) => break length,
            Err(Errno::RANGE) => names.resize(names.len() * 2, 0),
            Err(Errno::NOTSUP) => return Ok(BTreeMap::new()),
            Err(errno) => return Err(errno.into()),
        }
    };
    let names = names[..length].split(|&byte| byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    let mut found = BTreeMap::new();
    for name in names.filter(|name| keeps_attribute(name)) {
        // The most that Linux allows (XATTR_SIZE_MAX).
        let mut value = vec![0; 65_536];
        let length = rustix::fs::lgetxattr(at, name, &mut value)?;
        value.truncate(length);
        found.insert(name.to_owned(), value);
    }
    Ok(found)
}

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Headers do not hold digests.
const NO_DIGEST: Digest = Digest::from_bytes([0; 32]);
const BUFFER: usize = 64 * 1024;

//! Reads what a command changed from an overlay's upper directory and writes it as a tar archive, the same for the same
//! changes: sorted, without what is only there because something was looked at.
//!
//! Whiteouts and opaque directories become those of the OCI image layer specification ("Representing Changes"). Sockets
//! are left out, as every builder does. Files and directories that overlayfs copied up and that nobody changed are left
//! out, too; directories stay when something in them changed, because engines give a directory the topmost metadata.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use bareboat_image::tar::write::{padding, write_header};
use bareboat_image::unpack::keeps_attribute;
use bareboat_image::{Entry, Kind, Owner, TreePath};
use bareboat_sandbox::Records;
use bareboat_store::Digest;

use super::lower::{Found, Lower, is_opaque, is_whiteout};

/// Writes the archive of what `upper` changes over `layers`, without its end. No time in it is later than `latest`.
///
/// # Errors
/// A text that says what could not be read or written.
pub(super) fn write_changes(
    upper: &Path,
    layers: &[PathBuf],
    records: Records,
    latest: i64,
    output: &mut dyn Write,
) -> Result<(), String> {
    let mut survey = Survey { records, items: Vec::new(), links: BTreeMap::new() };
    let lower = Lower::new(layers, records);
    survey.root(upper, &lower).map_err(|error| format!("cannot read what the command changed: {error}"))?;
    for item in &survey.items {
        item.write(latest, output).map_err(|error| format!("cannot pack `{}`: {error}", item.path))?;
    }
    Ok(())
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

struct Survey {
    records: Records,
    items: Vec<Item>,
    /// The first name of every file with several.
    links: BTreeMap<(u64, u64), TreePath>,
}

impl Survey {
    /// The root has an entry only when its own metadata changed.
    fn root(&mut self, upper: &Path, lower: &Lower) -> io::Result<()> {
        let metadata = fs::symlink_metadata(upper)?;
        let attributes = attributes(upper)?;
        let is_same = match lower.own()? {
            Some(found) => same_metadata(&metadata, &attributes, &found)?,
            None => false,
        };
        if !is_same {
            self.push(TreePath::ROOT, Kind::Directory, &metadata, attributes);
        }
        self.children(&TreePath::ROOT, upper, lower)
    }

    fn children(&mut self, path: &TreePath, at: &Path, lower: &Lower) -> io::Result<()> {
        let mut names: Vec<_> =
            fs::read_dir(at)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let child = path.join(name.as_bytes()).map_err(io::Error::other)?;
            self.visit(child, &at.join(&name), lower)?;
        }
        Ok(())
    }

    fn visit(&mut self, path: TreePath, at: &Path, lower: &Lower) -> io::Result<()> {
        let metadata = fs::symlink_metadata(at)?;
        let below = lower.entry(path.file_name())?;
        let kind = metadata.file_type();
        if is_whiteout(&metadata) {
            // Of something that no layer has, there is nothing to hide: a mount point made for the run.
            return if below.is_some() { self.whiteout(&path, WHITEOUT, path.file_name()) } else { Ok(()) };
        }
        if kind.is_socket() {
            return Ok(());
        }
        if kind.is_dir() {
            return self.directory(path, at, &metadata, below, lower);
        }
        let attributes = attributes(at)?;
        if metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            if let Some(first) = self.links.get(&inode) {
                let target = first.clone();
                self.push(path, Kind::HardLink { target }, &metadata, BTreeMap::new());
                return Ok(());
            }
            self.links.insert(inode, path.clone());
        } else if let Some(below) = &below
            && is_untouched(at, &metadata, &attributes, below)?
        {
            return Ok(());
        }
        let kind = kind_of(at, &metadata)?;
        self.push(path, kind, &metadata, attributes);
        if let Some(item) = self.items.last_mut().filter(|_| metadata.is_file()) {
            item.content = Some(at.to_owned());
        }
        Ok(())
    }

    fn directory(
        &mut self,
        path: TreePath,
        at: &Path,
        metadata: &Metadata,
        below: Option<Found>,
        lower: &Lower,
    ) -> io::Result<()> {
        let attributes = attributes(at)?;
        let below = below.filter(|found| found.metadata.is_dir());
        // Overlayfs marks every new directory; only one in the place of an old one says something.
        let opaque = below.is_some() && is_opaque(at, self.records)?;
        let is_same = match &below {
            Some(found) => !opaque && same_metadata(metadata, &attributes, found)?,
            None => false,
        };
        let before = self.items.len();
        self.push(path.clone(), Kind::Directory, metadata, attributes);
        if opaque {
            let marker = path.join(OPAQUE).map_err(io::Error::other)?;
            self.push_marker(marker);
        }
        let inside = match below.is_some() && !opaque {
            true => lower.enter(path.file_name())?,
            false => lower.nothing(),
        };
        self.children(&path, at, &inside)?;
        if is_same && self.items.len() == before + 1 {
            self.items.truncate(before);
        }
        Ok(())
    }

    fn whiteout(&mut self, path: &TreePath, prefix: &[u8], name: &[u8]) -> io::Result<()> {
        let directory = path.parent().unwrap_or_default();
        let marker = directory.join([prefix, name].concat()).map_err(io::Error::other)?;
        self.push_marker(marker);
        Ok(())
    }

    fn push_marker(&mut self, path: TreePath) {
        let entry = Entry::file(NO_DIGEST, 0, 0o600);
        self.items.push(Item { path, entry, time: 0, content: None });
    }

    fn push(&mut self, path: TreePath, kind: Kind, metadata: &Metadata, xattrs: BTreeMap<String, Vec<u8>>) {
        let mode = (metadata.mode() & 0o7777) as u16;
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        let entry = Entry { kind, mode, owner, xattrs };
        self.items.push(Item { path, entry, time: metadata.mtime(), content: None });
    }
}

fn kind_of(at: &Path, metadata: &Metadata) -> io::Result<Kind> {
    let kind = metadata.file_type();
    let (major, minor) = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
    Ok(match () {
        () if kind.is_symlink() => {
            let target = fs::read_link(at)?.into_os_string().into_string();
            Kind::Symlink { target: target.map_err(|_| io::Error::other("its link target is not UTF-8"))? }
        }
        () if kind.is_fifo() => Kind::Fifo,
        () if kind.is_char_device() => Kind::CharDevice { major, minor },
        () if kind.is_block_device() => Kind::BlockDevice { major, minor },
        () => Kind::File { digest: NO_DIGEST, size: metadata.len() },
    })
}

/// Whether everything but the time is the same.
fn same_metadata(own: &Metadata, attributes: &Attributes, below: &Found) -> io::Result<bool> {
    let facts = |metadata: &Metadata| (metadata.mode(), metadata.uid(), metadata.gid(), metadata.rdev());
    Ok(facts(own) == facts(&below.metadata) && *attributes == self::attributes(&below.path)?)
}

/// Whether a file was only copied up: opened for writing, perhaps, but not written to.
fn is_untouched(at: &Path, own: &Metadata, attributes: &Attributes, below: &Found) -> io::Result<bool> {
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

type Attributes = BTreeMap<String, Vec<u8>>;

/// The extended attributes that belong into a layer.
fn attributes(at: &Path) -> io::Result<Attributes> {
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

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;

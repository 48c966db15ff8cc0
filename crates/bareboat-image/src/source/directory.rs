//! Reads a directory as if it were a layer's archive: sorted by name, hard links found, one file system only.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::source::error::{SourceError, at_path, in_archive};
use crate::source::read::Visit;
use crate::tar::read::{Limits, Member, MemberKind, TarError};
use crate::{Kind, Owner, TreePath};

/// Calls `visit` for everything below `root`, parents first. Sockets are left out, as tar does; so is what other
/// file systems have mounted there.
pub(super) fn visit(root: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<(), SourceError> {
    let device = fs::symlink_metadata(root).map_err(at_path("examine", root))?.dev();
    let mut first_names: BTreeMap<u64, TreePath> = BTreeMap::new();
    let mut pending = vec![TreePath::ROOT];
    let mut entries = 0;
    while let Some(path) = pending.pop() {
        let file = root.join(OsStr::from_bytes(path.as_bytes()));
        let metadata = fs::symlink_metadata(&file).map_err(at_path("examine", &file))?;
        if metadata.dev() != device {
            continue;
        }
        entries += 1;
        if entries > limits.entries {
            return Err(in_archive(root.display())(TarError::TooMany { limit: limits.entries }));
        }
        if metadata.is_dir() {
            let mut below = children(&file, &path)?;
            // Taken from the end.
            below.sort_by(|left, right| right.cmp(left));
            pending.append(&mut below);
        }
        if path.is_root() {
            continue;
        }
        let Some(kind) = kind(&file, &path, &metadata, &mut first_names)? else { continue };
        let xattrs = xattrs(&file).map_err(at_path("read the extended attributes of", &file))?;
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        let mode = (metadata.mode() & 0o7777) as u16;
        let member = Member { path, kind, mode, owner, xattrs, mtime: metadata.mtime() };
        match member.kind {
            MemberKind::File { size } => {
                let mut content = open(&file).map_err(at_path("open", &file))?.take(size);
                visit(&member, &mut content).map_err(at_path("read", &file))?;
            }
            MemberKind::Other(_) => visit(&member, &mut io::empty()).map_err(at_path("read", &file))?,
        }
    }
    Ok(())
}

/// Opens a regular file that was one a moment ago; a link that took its place is not followed.
fn open(file: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    Ok(rustix::fs::open(file, flags, rustix::fs::Mode::empty())?.into())
}

fn children(directory: &Path, path: &TreePath) -> Result<Vec<TreePath>, SourceError> {
    let fail = at_path("list", directory);
    let mut children = Vec::new();
    for entry in fs::read_dir(directory).map_err(&fail)? {
        let name = entry.map_err(&fail)?.file_name();
        children.push(path.join(name.as_bytes()).map_err(in_archive(directory.display()))?);
    }
    Ok(children)
}

fn kind(
    file: &Path,
    path: &TreePath,
    metadata: &Metadata,
    first_names: &mut BTreeMap<u64, TreePath>,
) -> Result<Option<MemberKind>, SourceError> {
    let kind = metadata.file_type();
    if kind.is_file() {
        if metadata.nlink() > 1 {
            if let Some(target) = first_names.get(&metadata.ino()) {
                return Ok(Some(MemberKind::Other(Kind::HardLink { target: target.clone() })));
            }
            first_names.insert(metadata.ino(), path.clone());
        }
        return Ok(Some(MemberKind::File { size: metadata.len() }));
    }
    let kind = if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        let target = fs::read_link(file).map_err(at_path("read", file))?.into_os_string().into_vec();
        let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "its link target is not UTF-8");
        let target = String::from_utf8(target).map_err(not_text).map_err(at_path("read", file))?;
        Kind::Symlink { target }
    } else {
        return Ok(Kind::of_special(metadata).map(MemberKind::Other));
    };
    Ok(Some(MemberKind::Other(kind)))
}

fn xattrs(file: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    // The kernel's limits on the list and on one value (xattr(7)).
    let mut buffer = vec![0u8; 64 * 1024];
    let length = match rustix::fs::llistxattr(file, &mut buffer[..]) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP) => 0,
        Err(error) => return Err(error.into()),
    };
    let names: Vec<String> = buffer[..length]
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let mut found = BTreeMap::new();
    for name in names {
        match rustix::fs::lgetxattr(file, name.as_str(), &mut buffer[..]) {
            Ok(length) => drop(found.insert(name, buffer[..length].to_vec())),
            // Listed, but only root may read it.
            Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS | rustix::io::Errno::NODATA) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

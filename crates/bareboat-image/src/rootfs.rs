//! Writes the files a container would see into a directory.
//!
//! Never follows a link out: the directory is new, everything in it is created there under its final name, and
//! symbolic links come last. Names were normalised when the layers were read.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bareboat_store::Store;

use crate::archive::choose;
use crate::output::{OutputError, Subject};
use crate::source::{Image, Select, Source};
use crate::tar::read::{Limits, Member};
use crate::{Entry, Kind, Merged, Origin, TreePath};

/// What happens to owners, devices and privileged attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Everything as the image has it; needs root.
    Keep,
    /// Everything belongs to whoever runs this; devices are left out.
    Caller,
}

/// What a directory could not hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Devices, which only root can make.
    pub devices: Vec<TreePath>,
    /// Paths with extended attributes that could not be set here.
    pub xattrs: Vec<TreePath>,
}

/// Writes one image of the store.
///
/// # Errors
/// [`OutputError::NotEmpty`] unless `directory` is empty or does not exist. When anything fails, it stays that way.
pub fn write_root_fs(
    store: &Store,
    subject: &Subject<'_>,
    directory: &Path,
    ownership: Ownership,
) -> Result<LeftOut, OutputError> {
    let chosen = choose(store, subject)?;
    let source = Source::store(store, chosen.descriptor);
    let image = source.image(&Select::default())?;
    extract(&image, directory, ownership)
}

/// Writes the merged files of any image.
///
/// # Errors
/// As [`write_root_fs`].
pub fn extract(image: &Image<'_>, directory: &Path, ownership: Ownership) -> Result<LeftOut, OutputError> {
    let fail = OutputError::io("create", directory);
    match fs::read_dir(directory).map(|mut entries| entries.next().is_some()) {
        Ok(false) => {}
        Ok(true) => return Err(OutputError::NotEmpty { path: directory.into(), wants_layout: false }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(fail(error)),
    }
    let (merged, _) = image.merge(Limits::default(), |_, _, _| Ok(()))?;
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(&fail)?;
    // Only we look into it until it is whole.
    let temporary = tempfile::Builder::new().tempdir_in(parent).map_err(&fail)?;
    let mut writer =
        Writer { root: temporary.path().join("rootfs"), ownership, left_out: LeftOut::default() };
    writer.write(image, &merged)?;
    fs::rename(&writer.root, directory).map_err(&fail)?;
    Ok(writer.left_out)
}

struct Writer {
    root: PathBuf,
    ownership: Ownership,
    left_out: LeftOut,
}

impl Writer {
    fn write(&mut self, image: &Image<'_>, merged: &Merged) -> Result<(), OutputError> {
        let root = self.root.clone();
        fs::DirBuilder::new().mode(0o700).create(&root).map_err(OutputError::io("create", &root))?;
        for (path, entry) in &merged.tree.entries {
            if entry.kind == Kind::Directory && !path.is_root() {
                let at = self.at(path);
                fs::DirBuilder::new().mode(0o700).create(&at).map_err(OutputError::io("create", &at))?;
            }
        }
        self.write_files(image, merged)?;
        for (path, entry) in &merged.tree.entries {
            self.write_other(path, entry)?;
        }
        // From the inside out, so that no directory is closed before its content is written.
        for (path, entry) in merged.tree.entries.iter().rev() {
            if entry.kind == Kind::Directory && !path.is_root() {
                self.set_metadata(path, entry)?;
            }
        }
        match merged.tree.get(&TreePath::ROOT) {
            Some(entry) => self.set_metadata(&TreePath::ROOT, entry),
            None => self.set_metadata(&TreePath::ROOT, &Entry::directory(0o755)),
        }
    }

    /// Reads the layers again and keeps what is visible.
    fn write_files(&mut self, image: &Image<'_>, merged: &Merged) -> Result<(), OutputError> {
        let mut wanted: BTreeMap<Origin, (&TreePath, &Entry)> = BTreeMap::new();
        for (path, entry) in &merged.tree.entries {
            if let (Kind::File { .. }, Some(origin)) = (&entry.kind, merged.origins.get(path)) {
                wanted.insert(*origin, (path, entry));
            }
        }
        for layer in 0..image.layers.len() {
            let mut number = 0;
            let mut failed = None;
            let result = image.visit_layer(layer, Limits::default(), &mut |member, content| {
                let origin = Origin { layer, member: Some(number) };
                number += 1;
                let Some((path, entry)) = wanted.get(&origin) else { return Ok(()) };
                self.write_file(path, entry, member, content).map_err(|error| {
                    failed = Some(error);
                    io::Error::other("writing failed")
                })
            });
            if let Some(error) = failed {
                return Err(error);
            }
            result?;
        }
        Ok(())
    }

    fn write_file(
        &mut self,
        path: &TreePath,
        entry: &Entry,
        member: &Member,
        content: &mut dyn Read,
    ) -> Result<(), OutputError> {
        let at = self.at(path);
        let fail = OutputError::io("write", &at);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at).map_err(&fail)?;
        io::copy(content, &mut file).map_err(&fail)?;
        self.set_metadata(path, entry)?;
        set_time(&file, member.mtime).map_err(&fail)
    }

    /// Hard links, symbolic links, pipes and devices.
    fn write_other(&mut self, path: &TreePath, entry: &Entry) -> Result<(), OutputError> {
        let at = self.at(path);
        let fail = OutputError::io("create", &at);
        match &entry.kind {
            Kind::Directory | Kind::File { .. } => return Ok(()),
            Kind::HardLink { target } => return fs::hard_link(self.at(target), &at).map_err(fail),
            Kind::Symlink { target } => symlink(target, &at).map_err(&fail)?,
            Kind::Fifo => self.make_node(&at, rustix::fs::FileType::Fifo, 0, 0).map_err(&fail)?,
            Kind::CharDevice { .. } | Kind::BlockDevice { .. } if self.ownership == Ownership::Caller => {
                self.left_out.devices.push(path.clone());
                return Ok(());
            }
            Kind::CharDevice { major, minor } => {
                self.make_node(&at, rustix::fs::FileType::CharacterDevice, *major, *minor).map_err(&fail)?;
            }
            Kind::BlockDevice { major, minor } => {
                self.make_node(&at, rustix::fs::FileType::BlockDevice, *major, *minor).map_err(&fail)?;
            }
        }
        self.set_metadata(path, entry)
    }

    fn make_node(&self, at: &Path, kind: rustix::fs::FileType, major: u32, minor: u32) -> io::Result<()> {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let device = rustix::fs::makedev(major, minor);
        Ok(rustix::fs::mknodat(rustix::fs::CWD, at, kind, mode, device)?)
    }

    /// Owner first: changing it clears the setuid bit and capabilities.
    fn set_metadata(&mut self, path: &TreePath, entry: &Entry) -> Result<(), OutputError> {
        let at = self.at(path);
        let fail = OutputError::io("set the metadata of", &at);
        if self.ownership == Ownership::Keep {
            lchown(&at, Some(entry.owner.uid), Some(entry.owner.gid)).map_err(&fail)?;
        }
        if !matches!(entry.kind, Kind::Symlink { .. }) {
            fs::set_permissions(&at, Permissions::from_mode(entry.mode.into())).map_err(&fail)?;
        }
        for (name, value) in &entry.xattrs {
            let flags = rustix::fs::XattrFlags::empty();
            if rustix::fs::lsetxattr(&at, name.as_str(), value, flags).is_err() {
                self.left_out.xattrs.push(path.clone());
                break;
            }
        }
        Ok(())
    }

    fn at(&self, path: &TreePath) -> PathBuf {
        match path.is_root() {
            true => self.root.clone(),
            false => self.root.join(OsStr::from_bytes(path.as_bytes())),
        }
    }
}

fn set_time(file: &File, seconds: i64) -> io::Result<()> {
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    match SystemTime::UNIX_EPOCH.checked_add(seconds) {
        Some(time) => file.set_modified(time),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "rootfs_tests.rs"]
mod tests;

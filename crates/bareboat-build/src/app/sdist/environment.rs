//! The virtual environment that a source distribution is built in: its build requirements, installed as everywhere else
//! in this program, but on disk.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use bareboat_image::TreePath;
use bareboat_packages::wheel::{BaseFile, InstallOptions, Wheel};
use bareboat_store::{Digest, Store};

use super::work::{Work, fail};
use crate::BuildError;

/// Writes the environment with `wheels`, all in the store, into `work`: `/build/environment` inside.
///
/// Member paths were checked when the wheel was opened, and nothing here is a link before everything else is written: no
/// wheel reaches out of the directory. Of two wheels with one file the later wins, as with `pip`.
pub(super) fn write(
    store: &Store,
    work: &Work,
    python: (u8, u8),
    wheels: impl Iterator<Item = Digest>,
) -> Result<(), BuildError> {
    let root = TreePath::new("build/environment").expect("a constant path");
    let layout = crate::op::wheel::layout(&root, python)?;
    let mut made = BTreeSet::new();
    for blob in wheels {
        let wheel = Wheel::open(store.open_blob(&blob)?)?;
        for member in wheel.members(&layout, InstallOptions::default())? {
            let path = place(work, &member.path);
            let parent = path.parent().map(PathBuf::from).unwrap_or_default();
            if made.insert(parent.clone()) {
                fs::create_dir_all(&parent).map_err(fail(&parent))?;
            }
            let mut file = fs::File::create(&path).map_err(fail(&path))?;
            io::copy(&mut wheel.reader(&member), &mut file).map_err(fail(&path))?;
            fs::set_permissions(&path, Permissions::from_mode(u32::from(member.mode)))
                .map_err(fail(&path))?;
        }
    }
    for (path, file) in layout.base_files() {
        let path = place(work, &path);
        match file {
            BaseFile::Directory => fs::create_dir_all(&path),
            BaseFile::File(bytes) => fs::write(&path, bytes),
            BaseFile::Symlink(target) => {
                // A wheel that brings its own `python` does not get to say which one runs.
                let _ = fs::remove_file(&path);
                symlink(target, &path)
            }
        }
        .map_err(fail(&path))?;
    }
    Ok(())
}

fn place(work: &Work, path: &TreePath) -> PathBuf {
    let text = path.to_str_lossy();
    work.path(text.strip_prefix("build/").unwrap_or(&text))
}

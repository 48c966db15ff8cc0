//! Root file systems on disk: unpacked from blobs once, used by several commands, made again whenever they are gone.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::store::{list, set_modified};
use crate::usage::Listed;
use crate::{Digest, Store, StoreError};

impl Store {
    /// The directory of the root called `name`, which says what it is and of which blobs it was made. When it is not
    /// there, `fill` writes it into an empty directory; what it leaves half-made is never seen by anybody.
    ///
    /// # Errors
    /// `fill`'s, and the disk's.
    pub fn unpacked<E: From<StoreError>>(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let _lock = self.lock(&format!("root {name}"), || {})?;
        let parent = self.roots_directory();
        let root = parent.join(name);
        if let Ok(metadata) = fs::metadata(&root) {
            self.touch(&root, &metadata);
            return Ok(root);
        }
        let fail = |error| StoreError::io("unpack into", &parent, error);
        fs::create_dir_all(&parent).map_err(fail)?;
        let temporary = tempfile::tempdir_in(&parent).map_err(fail)?;
        let inside = temporary.path().join("root");
        fs::create_dir(&inside).map_err(fail)?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o755)).map_err(fail)?;
        fill(&inside)?;
        fs::rename(&inside, &root).map_err(fail)?;
        // `fill` may have given it the times of an archive; that it was made is its first use.
        let _ = set_modified(&root, self.opened());
        Ok(root)
    }

    fn roots_directory(&self) -> PathBuf {
        self.root().join("rootfs")
    }

    /// All roots, whole or half-made, with the bytes of their files.
    pub(crate) fn roots(&self) -> Result<Vec<Listed>, StoreError> {
        let mut roots = Vec::new();
        for (path, metadata) in list(&self.roots_directory())? {
            let digest = Digest::of(path.as_os_str().as_encoded_bytes());
            let used = metadata.modified().unwrap_or(std::time::SystemTime::UNIX_EPOCH);
            roots.push(Listed { digest, size: bytes_below(&path), path, used });
        }
        Ok(roots)
    }
}

/// Bytes on disk, as far as they can be read; a file with several names counts for each.
fn bytes_below(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.size(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Removes a tree with directories that even their owner may not write to.
pub(crate) fn remove_tree(directory: &Path) -> std::io::Result<()> {
    let Err(first) = fs::remove_dir_all(directory) else { return Ok(()) };
    if first.kind() != std::io::ErrorKind::PermissionDenied {
        return Err(first);
    }
    open_up(directory);
    fs::remove_dir_all(directory)
}

fn open_up(directory: &Path) {
    let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::PruneOptions;

    fn fill(root: &Path) -> Result<(), StoreError> {
        let closed = root.join("closed");
        let write = || -> std::io::Result<()> {
            fs::create_dir(&closed)?;
            fs::write(closed.join("file"), b"12345")?;
            fs::set_permissions(&closed, fs::Permissions::from_mode(0o555))
        };
        write().map_err(|error| StoreError::io("write", root, error))
    }

    fn prune(store: &mut Store, max_bytes: Option<u64>, older_than: Option<Duration>) -> crate::Pruned {
        let now = SystemTime::now() + Duration::from_secs(10);
        let options = PruneOptions { max_bytes, older_than, now, keep: Default::default(), dry_run: false };
        store.prune(&options, || {}).unwrap()
    }

    #[test]
    fn a_root_is_made_once_and_again_when_it_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let root = store.unpacked("demo", fill).unwrap();
        assert_eq!(fs::read(root.join("closed/file")).unwrap(), b"12345");
        let again = store.unpacked("demo", |_| -> Result<(), StoreError> { panic!("it is there") });
        assert_eq!(again.unwrap(), root);
        assert_eq!(store.usage().unwrap().root_bytes, 5);
        let pruned = prune(&mut store, None, Some(Duration::from_secs(3600)));
        assert_eq!((pruned.roots, root.exists()), (0, true), "it was used just now");
        let pruned = prune(&mut store, Some(0), None);
        assert_eq!((pruned.roots, pruned.root_bytes, root.exists()), (1, 5, false));
        assert_eq!(store.unpacked("demo", fill).unwrap(), root);
    }

    #[test]
    fn a_root_that_could_not_be_filled_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let failed = store.unpacked("demo", |root| {
            fill(root)?;
            Err(StoreError::io("write", root, std::io::ErrorKind::StorageFull.into()))
        });
        assert!(failed.is_err());
        assert_eq!(list(&directory.path().join("rootfs")).unwrap().len(), 0);
    }
}

//! Writing a file so that it is there whole or not at all.
//!
//! Bytes go to a temporary file in the store's `tmp/` and appear under their name by `rename`. A temporary file is
//! removed when its handle is dropped; one whose process was killed is removed by the next to have the store to
//! itself.
//!
//! Nothing here calls `fsync`. It costs milliseconds per file and a cold build writes hundreds, while everything in
//! the store can be made again and is checked when read: after a power cut a torn blob is found by its digest, a
//! torn record by its own, and both count as absent. Named references are the exception (see `reference`).

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::StoreError;
use crate::store::{Modes, make_directory};

/// A new empty file in the directory `temporary`, removed on drop.
pub(crate) fn temporary_file(temporary: &Path) -> Result<NamedTempFile, StoreError> {
    tempfile::Builder::new()
        .prefix("write-")
        .tempfile_in(temporary)
        .map_err(|error| StoreError::io("create a file in", temporary, error))
}

/// Gives `file` its permissions and its final name, replacing what had the name.
pub(crate) fn publish(file: NamedTempFile, target: &Path, mode: u32, modes: Modes) -> Result<(), StoreError> {
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))
        .map_err(|error| StoreError::io("set the permissions of", file.path(), error))?;
    let unpublished = match file.persist(target) {
        Ok(_) => return Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::NotFound => error.file,
        Err(error) => return Err(StoreError::io("create", target, error.error)),
    };
    // The first file of its subdirectory.
    make_directory(target.parent().unwrap_or(target), modes)?;
    match unpublished.persist(target) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::io("create", target, error.error)),
    }
}

/// Publishes `bytes` as a mutable file.
pub(crate) fn publish_bytes(
    temporary: &Path,
    target: &Path,
    bytes: &[u8],
    modes: Modes,
) -> Result<(), StoreError> {
    let mut file = temporary_file(temporary)?;
    file.write_all(bytes)
        .map_err(|error| StoreError::io_sized("write", file.path(), error, Some(bytes.len() as u64)))?;
    publish(file, target, modes.record, modes)
}

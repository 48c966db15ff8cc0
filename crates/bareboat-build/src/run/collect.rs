//! Makes a layer of an archive of changes.

use std::io::Read;

use bareboat_image::tar::read::{Limits, MemberKind, TarReader};
use bareboat_image::{Compression, FileMeta, Layer, PartWriter, join};
use bareboat_store::{Digest, Store};

use super::error::RunError;

/// The layer of all entries in `archive`, in their order; none without entries.
pub(super) fn layer(
    store: &Store,
    archive: impl Read,
    compression: Compression,
) -> Result<Option<Layer>, RunError> {
    let limits = Limits { entries: u64::MAX, bytes: u64::MAX, ..Limits::default() };
    let mut reader = TarReader::new(archive, limits);
    let mut next = reader.next_member()?;
    if next.is_none() {
        return Ok(None);
    }
    let mut writer = PartWriter::new(store, compression, 0)?;
    while let Some(member) = next {
        writer.set_time(member.mtime);
        match member.kind {
            MemberKind::File { size } => {
                let meta = FileMeta { mode: member.mode, owner: member.owner, xattrs: member.xattrs };
                writer.append_file(&member.path, &meta, size, &mut reader.content())?;
            }
            MemberKind::Other(_) => {
                let path = member.path.clone();
                writer.append(&path, &member.into_entry(Digest::from_bytes([0; 32])))?;
            }
        }
        next = reader.next_member()?;
    }
    Ok(Some(join(store, &[writer.finish()?], compression)?))
}

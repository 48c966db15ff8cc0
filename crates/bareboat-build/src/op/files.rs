//! Takes files of known content from the store or from the application's directory.

use std::fs::File;
use std::io::{self, Read};

use bareboat_image::{FileMeta, Kind, PartWriter, Tree, TreePath};

use super::look::spool;
use crate::BuildError;
use crate::piece::Piece;
use crate::plan::Place;
use crate::solve::{Context, below_application};

/// The piece for `tree`.
///
/// # Errors
/// A file that is gone or whose content is no longer what the tree says: it changed while it was being read.
pub fn take(context: &Context<'_>, tree: &Tree, from: Place) -> Result<Piece, BuildError> {
    let mut piece = Piece { tree: tree.clone(), ..Piece::empty() };
    let mut writer = PartWriter::new(context.store, context.compression, context.mtime(from))?;
    let mut written = false;
    for (path, entry) in &tree.entries {
        match &entry.kind {
            Kind::Directory => continue,
            Kind::File { size, digest } => {
                let meta = FileMeta { mode: entry.mode, owner: entry.owner, xattrs: entry.xattrs.clone() };
                let mut content = open(context, path, digest, from)?;
                let mut spooled = spool(context.store, path, &mut content, *size)
                    .map_err(|error| read_error(path, &error))?;
                let found =
                    writer.append_file(path, &meta, *size, spooled.reader()).map_err(
                        |error| match error {
                            bareboat_image::PartError::Size { .. } => {
                                BuildError::Changed { path: path.to_string() }
                            }
                            other => BuildError::Part(other),
                        },
                    )?;
                if found.kind != entry.kind {
                    return Err(BuildError::Changed { path: path.to_string() });
                }
                spooled.record(&mut piece, path, entry.mode);
            }
            _ => writer.append(path, entry)?,
        }
        written = true;
    }
    piece.part = if written { Some(writer.finish()?) } else { None };
    Ok(piece)
}

/// Opens the content of one file.
pub(super) fn open(
    context: &Context<'_>,
    path: &TreePath,
    digest: &bareboat_store::Digest,
    from: Place,
) -> Result<Box<dyn Read>, BuildError> {
    match from {
        Place::Store => Ok(Box::new(context.store.open_blob(digest)?)),
        Place::Application => {
            let below =
                below_application(path).ok_or_else(|| BuildError::Changed { path: path.to_string() })?;
            let file = context.application.join(std::path::Path::new(below.to_str_lossy().as_ref()));
            Ok(Box::new(File::open(&file).map_err(|error| read_error(path, &error))?))
        }
    }
}

fn read_error(path: &TreePath, error: &io::Error) -> BuildError {
    BuildError::Read { path: path.to_string(), reason: error.to_string() }
}

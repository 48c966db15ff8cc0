//! Reads one layer: decompresses, checks, and passes entries on as they come.

use std::fs::File;
use std::io::{self, Read};
use std::thread;

use bareboat_store::{Digest, DigestReader};
use serde::{Deserialize, Serialize};

use crate::decompress::Decompressed;
use crate::pipe::pipe;
use crate::source::blobs::Blobs;
use crate::source::directory;
use crate::source::error::{SourceError, at_path, in_archive};
use crate::source::image::{LayerContent, LayerSource};
use crate::tar::read::{Limits, Member, TarReader};

/// Called for every entry with its content, which is empty unless it is a regular file. An error ends the reading.
pub type Visit<'v> = dyn FnMut(&Member, &mut dyn Read) -> io::Result<()> + 'v;

/// What reading a layer found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Bytes to pull; `None` unless a manifest lists the layer.
    pub pull: Option<u64>,
    /// Bytes of tar; `None` for a directory.
    pub tar: Option<u64>,
    /// The digest of the tar; `None` for a directory.
    pub diff_id: Option<Digest>,
}

pub(super) fn visit_layer(
    blobs: &Blobs<'_>,
    layer: &LayerSource,
    number: usize,
    limits: Limits,
    visit: &mut Visit<'_>,
) -> Result<LayerFacts, SourceError> {
    let input: Box<dyn Read + Send + '_> = match &layer.content {
        LayerContent::Blob(digest) => blobs.open(digest)?,
        LayerContent::Member(name) => blobs.open_member(name)?,
        LayerContent::File(path) => Box::new(File::open(path).map_err(at_path("open", path))?),
        LayerContent::Directory(path) => {
            directory::visit(path, limits, visit)?;
            return Ok(LayerFacts { pull: None, tar: None, diff_id: None });
        }
    };
    let what = match &layer.content {
        LayerContent::File(path) => format!("`{}`", path.display()),
        _ => format!("layer {}", number + 1),
    };
    let fail = in_archive(&what);
    // One byte more than announced is enough to see that it is too long.
    let announced = layer.descriptor.as_ref().map(|descriptor| descriptor.size);
    let input = input.take(announced.map_or(u64::MAX, |size| size.saturating_add(1)));
    let decompressed = Decompressed::new(DigestReader::new(input)).map_err(in_archive(&what))?;
    // Decompressing takes as long as everything else; both at once.
    let (decompressed, diff_id, tar_size) = thread::scope(|scope| {
        let tar = DigestReader::new(pipe(scope, decompressed));
        let mut reader = TarReader::new(tar, limits);
        while let Some(member) = reader.next_member().map_err(&fail)? {
            visit(&member, &mut reader.content()).map_err(in_archive(&what))?;
        }
        let (piped, diff_id, tar_size) = reader.finish().map_err(&fail)?.finish();
        Ok::<_, SourceError>((piped.finish().map_err(in_archive(&what))?, diff_id, tar_size))
    })?;
    let (_, digest, size) = decompressed.finish().map_err(in_archive(&what))?.finish();
    check(&what, layer, digest, size, diff_id)?;
    Ok(LayerFacts { pull: announced, tar: Some(tar_size), diff_id: Some(diff_id) })
}

fn check(
    what: &str,
    layer: &LayerSource,
    digest: Digest,
    size: u64,
    diff_id: Digest,
) -> Result<(), SourceError> {
    if let Some(descriptor) = &layer.descriptor {
        if descriptor.size != size {
            let reason = format!("it does not have the announced {} bytes", descriptor.size);
            return Err(SourceError::Invalid { what: what.into(), reason });
        }
        if descriptor.digest != digest {
            return Err(SourceError::Digest {
                what: what.into(),
                expected: descriptor.digest,
                found: digest,
            });
        }
    }
    match layer.diff_id {
        Some(expected) if expected != diff_id => {
            Err(SourceError::Digest { what: format!("{what}, decompressed,"), expected, found: diff_id })
        }
        _ => Ok(()),
    }
}

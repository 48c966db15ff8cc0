//! Reads the contents of some files out of an image's layers, whatever their size; nothing is unpacked.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::source::{Image, SourceError};
use bareboat_image::tar::read::Limits;
use bareboat_image::{Merged, TreePath};

/// Bytes of one file; larger ones are left out.
const LARGEST: u64 = 256 << 20;

/// The contents of `paths`, which must be real, of the image that `merged` was made of. Each layer is read at most once;
/// what is no regular file, or too large, is left out.
///
/// # Errors
/// A layer cannot be read, or is not what its digests say.
pub fn read_files(
    image: &Image<'_>,
    merged: &Merged,
    paths: &BTreeSet<TreePath>,
    limits: Limits,
) -> Result<BTreeMap<TreePath, Vec<u8>>, SourceError> {
    let mut wanted: BTreeMap<usize, BTreeMap<u64, &TreePath>> = BTreeMap::new();
    for path in paths {
        let origin = merged.origins.get(path);
        if let Some((origin, member)) = origin.and_then(|origin| Some((origin, origin.member?))) {
            wanted.entry(origin.layer).or_default().insert(member, path);
        }
    }
    let mut contents = BTreeMap::new();
    for (layer, members) in wanted {
        let mut number = 0;
        image.visit_layer(layer, limits, &mut |member, content| {
            if let Some(path) = members.get(&number).filter(|_| member.size() <= LARGEST) {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                contents.insert((*path).clone(), bytes);
            }
            number += 1;
            Ok(())
        })?;
    }
    Ok(contents)
}

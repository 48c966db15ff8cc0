//! Cuts layers from pieces: directories first, then each piece's compressed part as it lies in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bareboat_image::{Entry, Kind, Layer, LayerError, Part, PartWriter, Tree, TreePath, join};
use bareboat_store::Digest;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::BuildError;
use crate::piece::Piece;
use crate::plan::{MTIME, Step};
use crate::solve::Context;

/// Which steps go into one layer.
#[derive(Debug, Clone)]
pub struct LayerPlan {
    /// For people: `base`, `python`, `dependencies`, `application`.
    pub name: String,
    /// Indices of steps, in the order their parts are joined.
    pub steps: Vec<usize>,
}

/// A layer and what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CutLayer {
    /// For people.
    pub name: String,
    /// The blob.
    pub layer: Layer,
    /// Bytes of the regular files in it.
    pub visible: u64,
    /// Paths in it that are no directories.
    pub files: usize,
}

/// Cuts the layers, side by side, least-changing first as `plans` says.
///
/// # Errors
/// A part that is missing or damaged is made again once; then the error is returned.
pub fn cut(
    context: &Context<'_>,
    plans: &[LayerPlan],
    steps: &[Step],
    pieces: &[Arc<Piece>],
    tree: &Tree,
) -> Result<Vec<CutLayer>, BuildError> {
    let directories = directories_by_layer(plans, pieces, tree);
    plans
        .par_iter()
        .zip(directories)
        .map(|(plan, directories)| {
            let mut parts = Vec::new();
            parts.extend(directory_part(context, &directories)?);
            parts.extend(plan.steps.iter().filter_map(|&index| pieces[index].part.clone()));
            let layer = joined(context, &parts, plan, steps, pieces)?;
            let visible = plan.steps.iter().map(|&index| pieces[index].visible()).sum();
            let files = plan.steps.iter().map(|&index| pieces[index].files().count()).sum();
            Ok(CutLayer { name: plan.name.clone(), layer, visible, files })
        })
        .collect()
}

/// For each layer the directories its files need and no lower layer has, with their final metadata.
fn directories_by_layer(
    plans: &[LayerPlan],
    pieces: &[Arc<Piece>],
    tree: &Tree,
) -> Vec<BTreeMap<TreePath, Entry>> {
    let mut seen: BTreeSet<TreePath> = BTreeSet::new();
    plans
        .iter()
        .map(|plan| {
            let mut directories = BTreeMap::new();
            for &index in &plan.steps {
                for (path, entry) in &pieces[index].tree.entries {
                    let own = (entry.kind == Kind::Directory).then(|| path.clone());
                    let mut next = own.or_else(|| path.parent());
                    while let Some(directory) = next.filter(|path| !path.is_root() && !seen.contains(path)) {
                        let entry = tree.get(&directory).filter(|entry| entry.kind == Kind::Directory);
                        let entry = entry.cloned().unwrap_or_else(|| Entry::directory(0o755));
                        next = directory.parent();
                        seen.insert(directory.clone());
                        directories.insert(directory, entry);
                    }
                }
            }
            directories
        })
        .collect()
}

fn directory_part(
    context: &Context<'_>,
    directories: &BTreeMap<TreePath, Entry>,
) -> Result<Option<Part>, BuildError> {
    if directories.is_empty() {
        return Ok(None);
    }
    let mut writer = PartWriter::new(context.store, context.compression, MTIME)?;
    for (path, entry) in directories {
        writer.append(path, entry)?;
    }
    Ok(Some(writer.finish()?))
}

/// The layer for `parts`: known from an earlier build, or joined now.
fn joined(
    context: &Context<'_>,
    parts: &[Part],
    plan: &LayerPlan,
    steps: &[Step],
    pieces: &[Arc<Piece>],
) -> Result<Layer, BuildError> {
    let mut identity = format!("layer {}\n", context.compression.encoder_id());
    for part in parts {
        identity.push_str(&format!("{}\n", part.blob));
    }
    let key = Digest::of(identity);
    if let Some(layer) =
        context.store.action(&key).and_then(|record| serde_json::from_slice::<Layer>(&record).ok())
        && context.store.size(&layer.digest) == Some(layer.size)
    {
        return Ok(layer);
    }
    let layer = match join(context.store, parts, context.compression) {
        Ok(layer) => layer,
        Err(LayerError::DamagedPart { .. }) => {
            // Make every part of this layer again: the operations are deterministic, so the digests stay.
            for &index in &plan.steps {
                if pieces[index].part.is_some() {
                    context.forget(&steps[index].op)?;
                    context.solve_one(&steps[index])?;
                }
            }
            join(context.store, parts, context.compression)?
        }
        Err(error) => return Err(error.into()),
    };
    let record = serde_json::to_vec(&layer).expect("layers have string keys only");
    context.store.put_action(&key, &record)?;
    Ok(layer)
}

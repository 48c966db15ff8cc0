//! A comparison for programs: each image as `audit` gives it, and what changes from the first to each other one.

use serde_json::{Value, json};

use super::{Candidate, Difference};
use crate::audit::render;

/// One JSON document with a line end.
pub fn json(candidates: &[Candidate]) -> String {
    let images: Vec<Value> =
        candidates.iter().map(|candidate| render::document(&candidate.facts, &candidate.audit)).collect();
    let differences: Vec<Value> = match candidates.split_first() {
        Some((first, others)) => {
            others.iter().map(|other| difference(&Difference::between(&first.facts, &other.facts))).collect()
        }
        None => Vec::new(),
    };
    format!("{:#}\n", json!({ "version": 1, "images": images, "differences": differences }))
}

fn difference(difference: &Difference) -> Value {
    let side = |side: &Option<(String, u64)>| {
        side.as_ref().map(|(version, bytes)| json!({ "version": version, "bytes": bytes }))
    };
    let packages = difference.packages.iter().map(|change| {
        json!({
            "ecosystem": change.ecosystem.as_str(), "name": change.name,
            "before": side(&change.before), "after": side(&change.after),
        })
    });
    let files = difference.files.iter().map(|change| {
        json!({ "path": change.path.to_string(), "kind": change.kind, "before": change.before, "after": change.after })
    });
    let configuration = difference
        .configuration
        .iter()
        .map(|(name, before, after)| json!({ "name": name, "before": before, "after": after }));
    json!({
        "packages": packages.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "configuration": configuration.collect::<Vec<_>>(),
    })
}

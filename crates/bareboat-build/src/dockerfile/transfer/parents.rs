//! `COPY --parents`: files keep their directories.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_dockerfile::Ignore;
use bareboat_image::{Kind, Tree, TreePath};

use super::copy::missing;
use super::select::{follow, has_wildcard};
use crate::dockerfile::error::Problem;
use crate::dockerfile::walk;

/// The part of `tree` that `argument` means, as a tree to copy: what is left of `/./` is cut off its paths, what is right
/// of it stays. `**` crosses directories. Each path of the result is mapped to its path in `tree`.
///
/// # Errors
/// A literal path that is not there; a malformed pattern.
pub fn cut(
    tree: &Tree,
    argument: &str,
    origin: &str,
) -> Result<(Tree, BTreeMap<TreePath, TreePath>), Problem> {
    let (pivot, pattern) = argument.split_once("/./").unwrap_or(("/", argument));
    let pivot = follow(tree, &walk::clean(pivot))?;
    let pattern = walk::clean(pattern);
    let wanted = if pattern.is_root() { "**".to_owned() } else { pattern.to_str_lossy().into_owned() };
    let matcher = Ignore::from_patterns([&wanted])
        .map_err(|error| Problem::words(format!("`{argument}` is no pattern: {error}")))?;
    let mut chosen = BTreeSet::new();
    for (path, _) in tree.below(&pivot) {
        let Some(relative) = path.strip_prefix(&pivot) else { continue };
        if matcher.excludes(relative.as_bytes()) {
            let parents = std::iter::successors(Some(relative), TreePath::parent);
            chosen.extend(parents.filter(|path| !path.is_root()));
        }
    }
    if chosen.is_empty() && !has_wildcard(&wanted) {
        return Err(missing(argument, origin));
    }
    let mut part = (Tree::new(), BTreeMap::new());
    let mut firsts: BTreeMap<TreePath, TreePath> = BTreeMap::new();
    for relative in chosen {
        let full = pivot.join(relative.as_bytes()).map_err(|error| Problem::words(error.to_string()))?;
        let Some(entry) = tree.get(&full) else { continue };
        let mut entry = entry.clone();
        let first = match &entry.kind {
            Kind::HardLink { target } => target.clone(),
            _ => full.clone(),
        };
        match firsts.get(&first) {
            Some(first) => entry.kind = Kind::HardLink { target: first.clone() },
            None => {
                entry.kind = tree.get(&first).map_or(entry.kind, |first| first.kind.clone());
                firsts.insert(first.clone(), relative.clone());
            }
        }
        part.1.insert(relative.clone(), first);
        part.0.insert(relative, entry);
    }
    Ok(part)
}

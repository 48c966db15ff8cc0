//! Lays pieces over each other into one tree, and finds who brings the same path.

use std::collections::BTreeMap;
use std::sync::Arc;

use bareboat_image::{Kind, Tree, TreePath};

use crate::piece::Piece;
use crate::plan::{Origin, Step};

/// One tree, and which piece each path comes from.
#[derive(Debug, Default)]
pub struct Merged {
    /// The tree.
    pub tree: Tree,
    /// Index of the piece that brings a path (for a directory: the first one that does).
    pub owner: BTreeMap<TreePath, usize>,
    /// Paths that more than one piece brings: the piece that must leave it out, and whether the bytes differ.
    pub overlaps: Vec<Overlap>,
}

/// A path that two pieces bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The path.
    pub path: TreePath,
    /// The piece whose file stays.
    pub kept: usize,
    /// The piece that must leave it out.
    pub dropped: usize,
    /// Both are the same file.
    pub identical: bool,
}

/// Merges `pieces` in their order. For files a later piece wins over an earlier one when the bytes differ, as when
/// `pip` installs one distribution after the other; the first stays when they are the same.
pub fn merge(pieces: &[Arc<Piece>]) -> Merged {
    let mut merged = Merged::default();
    for (index, piece) in pieces.iter().enumerate() {
        for (path, entry) in &piece.tree.entries {
            let Some(before) = merged.tree.get(path) else {
                merged.tree.insert(path.clone(), entry.clone());
                merged.owner.insert(path.clone(), index);
                continue;
            };
            if before.kind == Kind::Directory && entry.kind == Kind::Directory {
                continue;
            }
            let identical = before == entry;
            let owner = merged.owner[path];
            // A directory gives way to nothing: what lies below it must stay reachable.
            let keep_first = identical || before.kind == Kind::Directory;
            let (kept, dropped) = if keep_first { (owner, index) } else { (index, owner) };
            merged.overlaps.push(Overlap { path: path.clone(), kept, dropped, identical });
            if !keep_first {
                merged.tree.insert(path.clone(), entry.clone());
                merged.owner.insert(path.clone(), index);
            }
        }
    }
    merged
}

/// One sentence about an overlap that changes what somebody's file holds; `None` for harmless ones.
pub fn describe(overlap: &Overlap, steps: &[Step]) -> Option<String> {
    if overlap.identical {
        return None;
    }
    let name = |index: usize| steps[index].origin.to_string();
    Some(format!(
        "{} is in {} and in {}: the one of {} is used",
        overlap.path,
        name(overlap.dropped),
        name(overlap.kept),
        name(overlap.kept)
    ))
}

/// True when both origins are Debian packages: the archive promises that this does not happen.
pub fn is_package_conflict(overlap: &Overlap, steps: &[Step]) -> bool {
    let debian = |index: usize| matches!(steps[index].origin, Origin::Debian { .. });
    !overlap.identical && debian(overlap.kept) && debian(overlap.dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;
    use bareboat_store::Digest;

    fn piece(entries: &[(&str, Entry)]) -> Arc<Piece> {
        let mut piece = Piece::empty();
        for (path, entry) in entries {
            piece.tree.insert(TreePath::new(path).unwrap(), entry.clone());
        }
        Arc::new(piece)
    }

    #[test]
    fn keeps_the_first_of_equals_and_the_last_of_rivals() {
        let file = |text: &str| Entry::file(Digest::of(text), text.len() as u64, 0o644);
        let first = piece(&[("d", Entry::directory(0o755)), ("d/same", file("x")), ("d/rival", file("1"))]);
        let second = piece(&[("d", Entry::directory(0o700)), ("d/same", file("x")), ("d/rival", file("2"))]);
        let merged = merge(&[first, second]);
        let shown: Vec<_> =
            merged.overlaps.iter().map(|o| (o.path.to_string(), o.kept, o.dropped, o.identical)).collect();
        assert_eq!(shown, [("/d/rival".to_owned(), 1, 0, false), ("/d/same".to_owned(), 0, 1, true)]);
        assert_eq!(merged.tree.get(&TreePath::new("d").unwrap()).unwrap().mode, 0o755);
        assert_eq!(merged.tree.get(&TreePath::new("d/rival").unwrap()), Some(&file("2")));
    }
}

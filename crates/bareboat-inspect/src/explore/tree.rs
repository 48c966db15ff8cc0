//! The files of an image as they are after one of its layers, and what that layer changed.
//!
//! Of files that later layers hide, regular ones are known; that is all that costs bytes.

use std::collections::BTreeMap;

use bareboat_image::{Kind, TreePath};

use crate::facts::Facts;

/// What a layer did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It was there before.
    None,
    /// It is new.
    Added,
    /// It has other content or metadata.
    Modified,
    /// It is gone.
    Removed,
}

/// A file, in a layer that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub path: TreePath,
    pub size: u64,
    pub is_directory: bool,
    /// What follows the name: where a link leads.
    pub target: String,
    pub mode: u16,
    pub owner: (u32, u32),
    /// The layer that brought it.
    pub layer: usize,
    /// The layer that hid it.
    pub hidden_by: Option<usize>,
}

/// Which changes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Those of one layer.
    Layer,
    /// Those of all layers above the lowest, up to this one.
    Aggregated,
}

/// What is shown of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub layer: usize,
    pub span: Span,
    /// By [`Change`]: none, added, modified, removed.
    pub shown: [bool; 4],
    /// A part of the path; empty for all.
    pub pattern: String,
    pub by_size: bool,
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub path: TreePath,
    pub depth: usize,
    /// Its bytes; of a directory, those of everything below that is shown.
    pub size: u64,
    pub change: Change,
    /// The node, unless it is a directory that nobody lists.
    pub node: Option<usize>,
    pub is_directory: bool,
}

/// All files, hidden ones too, by path.
pub(super) fn nodes(facts: &Facts) -> Vec<Node> {
    let mut nodes: Vec<Node> = facts
        .tree()
        .entries
        .iter()
        .filter(|(path, _)| !path.is_root())
        .map(|(path, entry)| {
            let target = match &entry.kind {
                Kind::Symlink { target } => format!(" → {target}"),
                Kind::HardLink { target } => format!(" = {target}"),
                _ => String::new(),
            };
            Node {
                path: path.clone(),
                size: entry.size(),
                is_directory: entry.kind == Kind::Directory,
                target,
                mode: entry.mode,
                owner: (entry.owner.uid, entry.owner.gid),
                layer: facts.layer_of(path).unwrap_or_default(),
                hidden_by: None,
            }
        })
        .collect();
    nodes.extend(facts.merged.hidden.iter().map(|hidden| Node {
        path: hidden.path.clone(),
        size: hidden.size,
        is_directory: false,
        target: String::new(),
        mode: 0o644,
        owner: (0, 0),
        layer: hidden.origin.layer,
        hidden_by: Some(hidden.by),
    }));
    nodes.sort_by(|a, b| (&a.path, a.layer).cmp(&(&b.path, b.layer)));
    nodes
}

/// The files after a layer that are wanted, by directory.
#[derive(Debug, Default)]
pub(super) struct Shown {
    children: BTreeMap<TreePath, Vec<Row>>,
}

impl Shown {
    pub(super) fn new(nodes: &[Node], wanted: &Wanted) -> Self {
        let mut rows: BTreeMap<TreePath, Row> = BTreeMap::new();
        let pattern = wanted.pattern.to_lowercase();
        // A file that takes another's place stands behind it, and wins.
        for (index, node) in nodes.iter().enumerate() {
            let Some(mut change) = change(node, wanted) else { continue };
            let before = rows.get(&node.path);
            if change == Change::Removed && before.is_some() {
                continue;
            }
            if change == Change::Added && before.is_some_and(|before| before.change == Change::Removed) {
                change = Change::Modified;
            }
            let row = Row {
                path: node.path.clone(),
                depth: node.path.components().count() - 1,
                size: node.size,
                change,
                node: Some(index),
                is_directory: node.is_directory,
            };
            rows.insert(node.path.clone(), row);
        }
        rows.retain(|path, row| {
            let is_change = wanted.shown[row.change as usize];
            let fits = pattern.is_empty() || path.to_str_lossy().to_lowercase().contains(&pattern);
            row.is_directory || is_change && fits
        });
        Self::of(rows, wanted)
    }

    /// Sizes and directories from the files up; directories without any file are left out where something is filtered.
    fn of(mut rows: BTreeMap<TreePath, Row>, wanted: &Wanted) -> Self {
        let mut below: BTreeMap<TreePath, (u64, bool)> = BTreeMap::new();
        for (path, row) in &rows {
            let mut parent = path.parent();
            while let Some(directory) = parent.filter(|_| !row.is_directory) {
                let sum = below.entry(directory.clone()).or_default();
                sum.0 += row.size;
                sum.1 |= row.change != Change::None;
                parent = directory.parent();
            }
        }
        let is_filtered = !wanted.pattern.is_empty() || wanted.shown != [true; 4];
        rows.retain(|path, row| {
            !row.is_directory || below.contains_key(path) || !is_filtered && wanted.shown[row.change as usize]
        });
        for (path, (size, is_changed)) in &below {
            let row = rows.entry(path.clone()).or_insert_with(|| Row {
                path: path.clone(),
                depth: path.components().count().saturating_sub(1),
                size: 0,
                change: Change::None,
                node: None,
                is_directory: true,
            });
            row.size = *size;
            // As dive has it: a directory with a change in it is changed.
            if *is_changed && row.change == Change::None {
                row.change = Change::Modified;
            }
        }
        let mut children: BTreeMap<TreePath, Vec<Row>> = BTreeMap::new();
        for (path, row) in rows.into_iter().filter(|(path, _)| !path.is_root()) {
            children.entry(path.parent().unwrap_or_default()).or_default().push(row);
        }
        if wanted.by_size {
            for rows in children.values_mut() {
                rows.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
            }
        }
        Self { children }
    }

    /// The lines, with what is below each directory that is `open`.
    pub(super) fn lines(&self, is_open: impl Fn(&TreePath) -> bool) -> Vec<&Row> {
        let mut lines = Vec::new();
        let mut pending: Vec<&Row> = self.of_directory(&TreePath::ROOT).iter().rev().collect();
        while let Some(row) = pending.pop() {
            lines.push(row);
            if row.is_directory && is_open(&row.path) {
                pending.extend(self.of_directory(&row.path).iter().rev());
            }
        }
        lines
    }

    /// What is in a directory, in order.
    pub(super) fn of_directory(&self, path: &TreePath) -> &[Row] {
        self.children.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every directory.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.children.keys()
    }
}

/// What was done to a file up to the layer; `None` where it is not there.
fn change(node: &Node, wanted: &Wanted) -> Option<Change> {
    let first = match wanted.span {
        Span::Layer => wanted.layer,
        Span::Aggregated => 1,
    };
    if node.layer > wanted.layer {
        return None;
    }
    match node.hidden_by {
        Some(by) if by <= wanted.layer => {
            // What is hidden in its own layer, or within what is looked at as a whole, was never there.
            let was_there = node.layer < by && node.layer < first;
            (by >= first && was_there).then_some(Change::Removed)
        }
        _ if node.layer >= first => Some(Change::Added),
        _ => Some(Change::None),
    }
}

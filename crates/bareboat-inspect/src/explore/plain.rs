//! The biggest first, as text: the largest directories and files of the merged tree, each below its directory.

use std::collections::BTreeMap;

use bareboat_image::{Kind, TreePath};
use bareboat_report::size;

use crate::facts::Facts;

const BAR: u64 = 12;

/// So many lines, with bars and shares of what a container sees.
pub fn plain(facts: &Facts, most: usize) -> String {
    let mut sizes: BTreeMap<TreePath, u64> = BTreeMap::new();
    for (path, entry) in &facts.tree().entries {
        let Kind::File { size, .. } = entry.kind else { continue };
        let mut at = Some(path.clone());
        while let Some(path) = at {
            *sizes.entry(path.clone()).or_default() += size;
            at = path.parent();
        }
    }
    let total = sizes.remove(&TreePath::ROOT).unwrap_or_default();
    let mut largest: Vec<(&TreePath, u64)> = sizes.iter().map(|(path, size)| (path, *size)).collect();
    // A directory is at least as large as what is in it, and comes first among equals: parents are never left out.
    largest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let left_out = largest.len().saturating_sub(most);
    largest.truncate(most);
    let mut children: BTreeMap<TreePath, Vec<(&TreePath, u64)>> = BTreeMap::new();
    for (path, size) in largest {
        children.entry(path.parent().unwrap_or_default()).or_default().push((path, size));
    }
    let mut text = format!("{:>9}  {}\n", size(total), facts.name);
    let mut pending: Vec<(&TreePath, u64)> = children.remove(&TreePath::ROOT).unwrap_or_default();
    pending.reverse();
    while let Some((path, bytes)) = pending.pop() {
        let share = u128::from(bytes) * 1000 / u128::from(total.max(1));
        let length =
            usize::try_from(u128::from(bytes) * u128::from(BAR) / u128::from(total.max(1))).unwrap_or(0);
        let bar = "█".repeat(length);
        let percent = format!("{}.{}", share / 10, share % 10);
        let indent = "  ".repeat(path.components().count() - 1);
        let name = String::from_utf8_lossy(path.file_name()).replace(char::is_control, "\u{fffd}");
        let slash = if facts.is_directory(path) { "/" } else { "" };
        let owner = facts.owner(path).map(|package| format!("  ({})", package.name)).unwrap_or_default();
        text.push_str(&format!(
            "{:>9}  {bar:<12} {percent:>5} %  {indent}{name}{slash}{owner}\n",
            size(bytes)
        ));
        let mut below = children.remove(path).unwrap_or_default();
        below.reverse();
        pending.extend(below);
    }
    if left_out > 0 {
        text.push_str(&format!("{left_out} smaller files and directories are not shown\n"));
    }
    text
}

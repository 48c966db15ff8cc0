//! Where paths lead in a tree: symbolic links and `..` never leave its root, and what does not exist yet is no error.

use bareboat_image::{Entry, Kind, TreePath};

/// Looks up an entry without following links.
pub(super) type Lookup<'l> = dyn Fn(&TreePath) -> Option<&'l Entry> + 'l;

/// Where `path` leads once every link on it is followed, the last one too. Components that do not exist are taken as
/// they are, so a dangling link gives the path it points to. `None` after 40 links (path_resolution(7)).
pub(super) fn resolve<'l>(lookup: &Lookup<'l>, path: &TreePath) -> Option<TreePath> {
    let mut pending: Vec<Vec<u8>> = path.components().rev().map(<[u8]>::to_vec).collect();
    let mut current = TreePath::ROOT;
    let mut links_left = MOST_LINKS;
    while let Some(component) = pending.pop() {
        if component == b".." {
            current = current.parent().unwrap_or_default();
            continue;
        }
        let next = current.join(&component).ok()?;
        let Some(Kind::Symlink { target }) = lookup(&next).map(|entry| &entry.kind) else {
            current = next;
            continue;
        };
        links_left = usize::checked_sub(links_left, 1)?;
        if target.starts_with('/') {
            current = TreePath::ROOT;
        }
        let parts = target.split('/').filter(|part| !part.is_empty() && *part != ".");
        pending.extend(parts.rev().map(|part| part.as_bytes().to_vec()));
    }
    Some(current)
}

/// `path` as a path from the root, `.` and `..` worked out in the text (Go's `path.Join("/", path)`).
pub(super) fn clean(path: &str) -> TreePath {
    let mut components: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()),
            other => components.push(other),
        }
    }
    // No `..` is left, and words of a Dockerfile hold no NUL that a file could be called by.
    TreePath::new(components.join("/")).unwrap_or_default()
}

const MOST_LINKS: usize = 40;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn follows_links_inside_the_root_and_past_the_end() {
        let entries: BTreeMap<TreePath, Entry> = [
            ("d", Entry::directory(0o755)),
            ("l", Entry::symlink("/d")),
            ("up", Entry::symlink("../../../d")),
            ("gone", Entry::symlink("d/new/x")),
            ("loop", Entry::symlink("loop")),
        ]
        .map(|(path, entry)| (clean(path), entry))
        .into();
        let lookup = |path: &TreePath| entries.get(path);
        let at = |path: &str| resolve(&lookup, &clean(path)).map(|path| path.to_string());
        assert_eq!(at("l/f").as_deref(), Some("/d/f"));
        assert_eq!(at("up").as_deref(), Some("/d"));
        assert_eq!(at("gone").as_deref(), Some("/d/new/x"));
        assert_eq!(at("loop"), None);
    }

    #[test]
    fn cleans_as_go_does() {
        for (path, expected) in [("../../a", "/a"), ("/a/./b//c/..", "/a/b"), (".", "/"), ("", "/")] {
            assert_eq!(clean(path).to_string(), expected);
        }
    }
}

//! A walk along a path that symbolic links send elsewhere (path_resolution(7)): links and `..` stay inside the root.

use crate::{PathError, TreePath};

/// Linux's limit.
const MOST_LINKS: usize = 40;

/// Where a walk is, and what lies before it.
pub(crate) struct PathWalk {
    /// The directory, or at the end the file, that the walk has reached.
    pub current: TreePath,
    /// Components to come, the next one last.
    pending: Vec<Vec<u8>>,
    links_left: usize,
}

impl PathWalk {
    /// A walk from the root along `path`.
    pub fn new(path: &TreePath) -> Self {
        let pending = path.components().rev().map(<[u8]>::to_vec).collect();
        Self { current: TreePath::ROOT, pending, links_left: MOST_LINKS }
    }

    /// The path of the next component, which the walk has not entered yet; `None` at the end.
    pub fn next(&mut self) -> Option<Result<TreePath, PathError>> {
        loop {
            let component = self.pending.pop()?;
            if component != b".." {
                return Some(self.current.join(&component));
            }
            self.current = self.current.parent().unwrap_or_default();
        }
    }

    /// True when the component that [`PathWalk::next`] gave is the last one.
    pub fn is_at_end(&self) -> bool {
        self.pending.is_empty()
    }

    /// Goes on from `next`.
    pub fn enter(&mut self, next: TreePath) {
        self.current = next;
    }

    /// Goes on along a link's target instead; false when there were too many links.
    pub fn follow(&mut self, target: &str) -> bool {
        if self.links_left == 0 {
            return false;
        }
        self.links_left -= 1;
        if target.starts_with('/') {
            self.current = TreePath::ROOT;
        }
        let parts = target.split('/').filter(|part| !part.is_empty() && *part != ".");
        self.pending.extend(parts.rev().map(|part| part.as_bytes().to_vec()));
        true
    }
}

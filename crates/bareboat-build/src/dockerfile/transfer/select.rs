//! Which files of a source an argument of COPY or ADD means: literal paths, wildcards, links followed.

use bareboat_dockerfile::Glob;
use bareboat_image::{Kind, Tree, TreePath};

use crate::dockerfile::error::Problem;
use crate::dockerfile::walk;

/// The paths that `argument` means in `tree`, sorted, links in parents followed; empty when a wildcard matches nothing.
///
/// Wildcards are Go's `filepath.Match` on the whole rest of the path, so they never cross a `/`; below a match nothing
/// else is looked for. A literal path need not exist: whoever uses it finds out.
///
/// # Errors
/// A malformed pattern; links in a circle.
pub fn select(tree: &Tree, argument: &str) -> Result<Vec<TreePath>, Problem> {
    let path = walk::clean(argument);
    let components: Vec<String> =
        path.components().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let Some(wild) = components.iter().position(|component| has_wildcard(component)) else {
        return Ok(vec![path]);
    };
    let pattern = components[wild..].join("/");
    let glob = Glob::file(&pattern)
        .map_err(|error| Problem::words(format!("`{argument}` is no pattern: {error}")))?;
    let start = walk::clean(&components[..wild].join("/"));
    let start = follow(tree, &start)?;
    let mut found: Vec<TreePath> = Vec::new();
    let below = tree.below(&start).map(|(path, _)| path);
    for path in below {
        let inside = found.last().is_some_and(|last| path.starts_with(last) && is_directory(tree, last));
        let Some(relative) = path.strip_prefix(&start).filter(|_| !inside) else { continue };
        if glob.matches(relative.as_bytes()) {
            found.push(path.clone());
        }
    }
    // A name that sorts between a directory and its content (`a`, `a-b`, `a/c`) hides it from the check above.
    let directories: Vec<TreePath> = found.iter().filter(|path| is_directory(tree, path)).cloned().collect();
    found
        .retain(|path| !directories.iter().any(|directory| directory != path && path.starts_with(directory)));
    Ok(found)
}

/// Where `path` leads inside the source.
///
/// # Errors
/// Links in a circle.
pub fn follow(tree: &Tree, path: &TreePath) -> Result<TreePath, Problem> {
    let looped = || Problem::words(format!("`{path}`: symbolic links lead in a circle"));
    walk::resolve(&|path| tree.get(path), path).ok_or_else(looped)
}

fn is_directory(tree: &Tree, path: &TreePath) -> bool {
    tree.get(path).is_some_and(|entry| entry.kind == Kind::Directory)
}

/// True when some character is special and not escaped.
pub fn has_wildcard(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use bareboat_image::Entry;
    use bareboat_store::Digest;

    use super::*;

    fn tree() -> Tree {
        let file = Entry::file(Digest::of(b""), 0, 0o644);
        let directory = Entry::directory(0o755);
        let entries = [
            ("a", directory.clone()),
            ("a-b", file.clone()),
            ("a/a", file.clone()),
            ("b.txt", file.clone()),
            ("l", Entry::symlink("/a")),
            ("x[1]", file),
        ];
        Tree { entries: entries.map(|(path, entry)| (walk::clean(path), entry)).into() }
    }

    fn selected(argument: &str) -> Vec<String> {
        select(&tree(), argument).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn wildcards_match_one_level_and_not_below_a_match() {
        assert_eq!(selected("*"), ["/a", "/a-b", "/b.txt", "/l", "/x[1]"]);
        assert_eq!(selected("a*"), ["/a", "/a-b"]);
        assert_eq!(selected("**"), selected("*"));
        assert_eq!(selected("*/a"), ["/a/a"]);
        assert_eq!(selected("l/*"), ["/a/a"]);
        assert_eq!(selected("x[[]1]"), ["/x[1]"]);
        assert_eq!(selected("no*"), [""; 0]);
        assert_eq!(selected("../../b.txt"), ["/b.txt"]);
        assert!(select(&tree(), "[").is_err());
    }
}

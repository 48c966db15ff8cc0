//! `/usr/bin/python3` and `/usr/bin/python`.
//!
//! Debian's links are in `python3-minimal`, which depends on dpkg for its compile script; they are made here instead.

use bareboat_image::{Tree, TreePath};

use super::Generated;

/// The links to `python<version>`, each unless `tree` has something there.
pub fn generate(tree: &Tree, version: &str) -> Vec<Generated> {
    let absent = |path: &str| TreePath::new(path).is_ok_and(|path| tree.get(&path).is_none());
    let names = ["usr/bin/python3", "usr/bin/python"].into_iter().filter(|name| absent(name));
    names.map(|name| Generated::symlink(name, &format!("python{version}"), BECAUSE)).collect()
}

const BECAUSE: &str = "the interpreter's usual names (replaces python3-minimal)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_lead_to_the_interpreter() {
        let links: Vec<_> = generate(&Tree::new(), "3.13").iter().map(Generated::describe).collect();
        assert_eq!(links, ["/usr/bin/python3 -> python3.13", "/usr/bin/python -> python3.13"]);
    }
}

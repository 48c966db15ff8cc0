//! The links of update-alternatives(1): of several files offered under one name, the one of highest priority.
//!
//! `libblas.so.3`, `awk` or `java` are such names: no package holds them, scripts make them.

use std::collections::BTreeMap;

use bareboat_image::{Tree, TreePath};

use super::Generated;
use super::usr_merge::merged;
use crate::scripts::Alternative;

/// The links for every name whose file is in `tree`, as Debian lays them out: `LINK` → `/etc/alternatives/NAME` → file.
///
/// With equal priorities the first path in byte order wins, so that the order of packages decides nothing. A link
/// whose path a package holds itself is left alone.
pub fn generate(tree: &Tree, offered: &[Alternative]) -> Vec<Generated> {
    let mut best: BTreeMap<&str, &Alternative> = BTreeMap::new();
    for alternative in offered.iter().filter(|alternative| exists(tree, &alternative.path)) {
        let known = best.entry(&alternative.name).or_insert(alternative);
        let rank = |one: &Alternative| (std::cmp::Reverse(one.priority), one.path.clone());
        if rank(alternative) < rank(known) {
            *known = alternative;
        }
    }
    let mut generated = vec![Generated::directory("etc/alternatives", 0o755, BECAUSE)];
    for alternative in best.values() {
        let main = (&alternative.link, &alternative.name, &alternative.path);
        let slaves = alternative.slaves.iter().map(|(link, name, path)| (link, name, path));
        for (link, name, path) in std::iter::once(main).chain(slaves) {
            generated.extend(links(tree, link, name, path).unwrap_or_default());
        }
    }
    if generated.len() == 1 { Vec::new() } else { generated }
}

/// Both links of one name; `None` for a file that is not there, a path that is taken, or names that are no names.
fn links(tree: &Tree, link: &str, name: &str, path: &str) -> Option<Vec<Generated>> {
    let place = merged(&TreePath::new(link).ok()?);
    let plain_name = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    if !plain_name || !link.starts_with('/') || !exists(tree, path) || tree.get(&place).is_some() {
        return None;
    }
    let through = format!("/etc/alternatives/{name}");
    Some(vec![
        Generated::symlink(&through, path, BECAUSE),
        Generated::symlink(&place.to_str_lossy(), &through, BECAUSE),
    ])
}

fn exists(tree: &Tree, path: &str) -> bool {
    path.starts_with('/') && TreePath::new(path).is_ok_and(|path| tree.resolve(&merged(&path)).is_some())
}

const BECAUSE: &str = "a name that several packages can offer (update-alternatives)";

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;

    fn offer(path: &str, priority: i64) -> Alternative {
        Alternative {
            link: "/usr/lib/x86_64-linux-gnu/libblas.so.3".into(),
            name: "libblas.so.3-x86_64-linux-gnu".into(),
            path: path.into(),
            priority,
            slaves: vec![("/lib/x/libslave.so".into(), "libslave.so".into(), format!("{path}.slave"))],
        }
    }

    fn tree(paths: &[&str]) -> Tree {
        let mut tree = Tree::new();
        for path in paths {
            tree.insert(TreePath::new(path).unwrap(), Entry::directory(0o755));
        }
        tree
    }

    #[test]
    fn the_highest_priority_that_is_there_wins() {
        let tree = tree(&["usr/lib/blas", "usr/lib/openblas", "usr/lib/openblas.slave"]);
        let offered =
            [offer("/usr/lib/blas", 10), offer("/lib/openblas", 100), offer("/usr/lib/absent", 200)];
        let lines: Vec<_> = generate(&tree, &offered).iter().map(Generated::describe).collect();
        assert_eq!(
            lines,
            [
                "/etc/alternatives 0755 0:0 directory",
                "/etc/alternatives/libblas.so.3-x86_64-linux-gnu -> /lib/openblas",
                "/usr/lib/x86_64-linux-gnu/libblas.so.3 -> /etc/alternatives/libblas.so.3-x86_64-linux-gnu",
                "/etc/alternatives/libslave.so -> /lib/openblas.slave",
                "/usr/lib/x/libslave.so -> /etc/alternatives/libslave.so",
            ]
        );
    }

    #[test]
    fn nothing_is_made_of_nothing_or_over_a_file() {
        assert!(generate(&tree(&[]), &[offer("/usr/lib/blas", 10)]).is_empty());
        let taken = tree(&["usr/lib/blas", "usr/lib/x86_64-linux-gnu/libblas.so.3"]);
        assert!(generate(&taken, &[offer("/usr/lib/blas", 10)]).is_empty());
        let mut hostile = offer("/usr/lib/blas", 10);
        hostile.name = "../../evil".into();
        assert!(generate(&tree(&["usr/lib/blas"]), &[hostile]).is_empty());
    }
}

//! Merged `/usr`: `/bin`, `/sbin`, `/lib` and their kin are links into `/usr`, and no entry sits below them.
//!
//! Debian 13 packages come merged; Debian 12 packages are rewritten as installing them on a merged system would
//! (usrmerge, Debian's DEP 17). `/sbin` leads to `usr/sbin`, not to `usr/bin`.

use bareboat_image::{Tree, TreePath};

use super::Generated;

/// Every top-level directory that merged systems turn into a link.
const ALIASES: [&str; 7] = ["bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"];
/// These exist on every system; the others only where something lies below `/usr/<name>`.
const ALWAYS: [&str; 3] = ["bin", "sbin", "lib"];

/// Where `path` lies once `/usr` is merged.
pub fn merged(path: &TreePath) -> TreePath {
    match is_moved(path) {
        true => TreePath::new([b"usr/", path.as_bytes()].concat()).unwrap_or_else(|_| path.clone()),
        false => path.clone(),
    }
}

/// True for the aliases themselves: `/bin`, `/lib64` …
pub fn is_alias(path: &TreePath) -> bool {
    ALIASES.iter().any(|alias| path.as_bytes() == alias.as_bytes())
}

/// A symbolic link's target once the link, which was at `link`, has moved to [`merged`]`(link)`.
///
/// Absolute targets stay as written: the aliases keep them right. A relative one that climbs out of its alias would
/// lead elsewhere from one level deeper, so it is written anew.
pub fn link_target(link: &TreePath, target: &str) -> String {
    if target.starts_with('/') || !is_moved(link) {
        return target.to_owned();
    }
    let mut resolved: Vec<&[u8]> = link.components().rev().skip(1).collect();
    resolved.reverse();
    let depth = resolved.len();
    let mut least = depth;
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(resolved.pop()),
            name => resolved.push(name.as_bytes()),
        }
        least = least.min(resolved.len());
    }
    if least > 0 {
        return target.to_owned();
    }
    let lands = TreePath::new(resolved.join(&b'/')).map(|path| merged(&path)).unwrap_or_default();
    format!("{}{}", "../".repeat(depth + 1), lands.to_str_lossy())
}

/// The alias links a merged tree needs.
pub fn alias_links(tree: &Tree) -> Vec<Generated> {
    let below = |alias: &str| {
        let directory = TreePath::new(format!("usr/{alias}")).unwrap_or_default();
        tree.get(&directory).is_some() || tree.below(&directory).next().is_some()
    };
    let wanted = ALIASES.iter().filter(|alias| ALWAYS.contains(alias) || below(alias));
    wanted
        .map(|alias| Generated::symlink(alias, &format!("usr/{alias}"), "merged /usr (base-files)"))
        .collect()
}

fn is_moved(path: &TreePath) -> bool {
    path.components().next().is_some_and(|first| ALIASES.iter().any(|alias| first == alias.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn moves_what_lies_in_an_alias_and_nothing_else() {
        for (from, to) in [
            ("lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
            ("lib", "usr/lib"),
            ("sbin/ldconfig", "usr/sbin/ldconfig"),
            ("lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
            ("usr/lib/x", "usr/lib/x"),
            ("library/x", "library/x"),
            ("etc/bin", "etc/bin"),
        ] {
            assert_eq!(merged(&path(from)), path(to), "{from}");
        }
    }

    #[test]
    fn keeps_link_targets_that_stay_right() {
        for (link, target) in [
            ("lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.2.13"),
            ("lib/x86_64-linux-gnu/libz.so.1", "../other/libz.so.1"),
            ("lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
            ("usr/lib/x/liby.so", "../../../lib/x/liby.so.1"),
        ] {
            assert_eq!(link_target(&path(link), target), target);
        }
    }

    #[test]
    fn rewrites_targets_that_climb_out_of_their_alias() {
        let target = link_target(&path("lib/x/libfoo.so"), "../../usr/lib/x/libfoo.so.1");
        assert_eq!(target, "../../../usr/lib/x/libfoo.so.1");
        assert_eq!(link_target(&path("bin/awk"), "../etc/alternatives/awk"), "../../etc/alternatives/awk");
        assert_eq!(link_target(&path("bin/sh"), "../lib/sh"), "../../usr/lib/sh");
        assert_eq!(link_target(&path("lib/up"), "../../../etc/x"), "../../etc/x");
    }

    #[test]
    fn rewritten_links_lead_where_they_led_before() {
        let file = || Entry::directory(0o755);
        let mut tree = Tree::new();
        for at in ["usr/lib/x/a", "etc/alternatives/awk"] {
            tree.insert(path(at), file());
        }
        for (link, target, end) in [
            ("lib/y/l", "../../usr/lib/x/a", "usr/lib/x/a"),
            ("bin/awk", "../etc/alternatives/awk", "etc/alternatives/awk"),
            ("lib/y/m", "../x/a", "usr/lib/x/a"),
        ] {
            tree.insert(merged(&path(link)), Entry::symlink(link_target(&path(link), target)));
            for alias in alias_links(&tree) {
                tree.insert(alias.path, alias.entry);
            }
            assert_eq!(tree.resolve(&path(link)), Some(path(end)), "{link}");
        }
    }

    #[test]
    fn links_lib64_only_where_there_is_one() {
        let mut tree = Tree::new();
        let names = |tree: &Tree| alias_links(tree).iter().map(Generated::describe).collect::<Vec<_>>();
        assert_eq!(names(&tree), ["/bin -> usr/bin", "/sbin -> usr/sbin", "/lib -> usr/lib"]);
        tree.insert(path("usr/lib64/ld-linux-x86-64.so.2"), Entry::symlink("x"));
        assert!(names(&tree).contains(&"/lib64 -> usr/lib64".to_owned()));
    }
}

//! The directories that a script of base-files makes, or that the kernel and container engines expect.

use bareboat_image::TreePath;

use super::Generated;

/// Directories that a script of base-files turns into links once it has moved what lies in them.
const MOVED: [(&str, &str); 2] = [("var/run", "run"), ("var/lock", "run/lock")];

/// True for the paths that become links: `/var/run`, `/var/lock`.
pub fn is_moved(path: &TreePath) -> bool {
    MOVED.iter().any(|(from, _)| path.as_bytes() == from.as_bytes())
}

/// Where `path` lies behind those links.
pub fn behind_links(path: TreePath) -> TreePath {
    let moved = MOVED.iter().find_map(|(from, to)| {
        let below = path.as_bytes().strip_prefix(from.as_bytes())?.strip_prefix(b"/")?;
        TreePath::new([to.as_bytes(), b"/", below].concat()).ok()
    });
    moved.unwrap_or(path)
}

/// They come before every package in a merge, so that a package's own entry for the same path wins.
pub fn generate() -> Vec<Generated> {
    const MOUNT: &str = "a mount point of the container engine";
    const TEMPORARY: &str = "temporary files";
    const STATE: &str = "state of running programs (base-files)";
    vec![
        Generated::directory("dev", 0o755, MOUNT),
        Generated::directory("proc", 0o755, MOUNT),
        Generated::directory("sys", 0o755, MOUNT),
        Generated::directory("etc", 0o755, "configuration"),
        Generated::directory("run", 0o755, STATE),
        Generated::directory("run/lock", 0o1777, STATE),
        Generated::directory("tmp", 0o1777, TEMPORARY),
        Generated::directory("usr", 0o755, "programs and libraries"),
        Generated::directory("var", 0o755, STATE),
        Generated::symlink("var/lock", "/run/lock", STATE),
        Generated::symlink("var/run", "/run", STATE),
        Generated::directory("var/tmp", 0o1777, TEMPORARY),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_is_a_link_to_where_it_moves() {
        for (from, to) in MOVED {
            let line = format!("/{from} -> /{to}");
            assert!(generate().iter().any(|generated| generated.describe() == line), "{line}");
            let path = |text: &str| TreePath::new(text).unwrap();
            assert!(is_moved(&path(from)) && !is_moved(&path("var/runner")));
            assert_eq!(behind_links(path(&format!("{from}/x/y"))), path(&format!("{to}/x/y")));
        }
        let other = TreePath::new("var/lockers/x").unwrap();
        assert_eq!(behind_links(other.clone()), other);
    }

    #[test]
    fn temporary_directories_are_sticky_and_open() {
        let lines: Vec<_> = generate().iter().map(Generated::describe).collect();
        assert!(lines.contains(&"/tmp 1777 0:0 directory".to_owned()));
        assert!(lines.contains(&"/var/tmp 1777 0:0 directory".to_owned()));
        assert!(lines.contains(&"/run/lock 1777 0:0 directory".to_owned()));
    }
}

//! The directories that a script of base-files makes, or that the kernel and container engines expect.

use super::Generated;

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
        Generated::directory("tmp", 0o1777, TEMPORARY),
        Generated::directory("usr", 0o755, "programs and libraries"),
        Generated::directory("var", 0o755, STATE),
        Generated::symlink("var/run", "/run", STATE),
        Generated::directory("var/tmp", 0o1777, TEMPORARY),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_directories_are_sticky_and_open() {
        let lines: Vec<_> = generate().iter().map(Generated::describe).collect();
        assert!(lines.contains(&"/tmp 1777 0:0 directory".to_owned()));
        assert!(lines.contains(&"/var/tmp 1777 0:0 directory".to_owned()));
        assert!(lines.contains(&"/var/run -> /run".to_owned()));
    }
}

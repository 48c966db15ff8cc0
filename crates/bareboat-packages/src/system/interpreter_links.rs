//! `/usr/bin/python3` and `/usr/bin/python`, and a last resort for the interpreter's temporary files.
//!
//! Debian's links are in `python3-minimal`, which depends on dpkg for its compile script; they are made here instead.

use bareboat_image::{Tree, TreePath};

use super::Generated;

/// The links to `python<version>`, each unless `tree` has something there.
pub fn generate(tree: &Tree, version: &str) -> Vec<Generated> {
    let absent = |path: &str| TreePath::new(path).is_ok_and(|path| tree.get(&path).is_none());
    let names = ["usr/bin/python3", "usr/bin/python"].into_iter().filter(|name| absent(name));
    let names = names.map(|name| Generated::symlink(name, &format!("python{version}"), BECAUSE));
    let temporary = absent(TEMPORARY).then(|| Generated::symlink(TEMPORARY, "../dev/shm", BECAUSE_TEMPORARY));
    names.chain(temporary).collect()
}

/// `tempfile` looks at `/tmp`, `/var/tmp` and `/usr/tmp`, in this order, and all of them are read-only when an engine
/// makes the root so and mounts nothing. `/dev/shm` is writable in every engine.
const TEMPORARY: &str = "usr/tmp";
const BECAUSE_TEMPORARY: &str = "temporary files on a read-only root without a writable /tmp";

const BECAUSE: &str = "the interpreter's usual names (replaces python3-minimal)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_lead_to_the_interpreter_and_temporary_files_have_a_place() {
        let links: Vec<_> = generate(&Tree::new(), "3.13").iter().map(Generated::describe).collect();
        assert_eq!(
            links,
            ["/usr/bin/python3 -> python3.13", "/usr/bin/python -> python3.13", "/usr/tmp -> ../dev/shm"]
        );
    }
}

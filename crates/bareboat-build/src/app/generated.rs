//! The files no package holds: what maintainer scripts would have made, the virtual environment, the launcher.

use std::collections::BTreeMap;

use bareboat_image::{Entry, Tree, TreePath};
use bareboat_packages::scripts::Alternative;
use bareboat_packages::system::users::{HomeAccess, RuntimeUser};
use bareboat_packages::system::{
    Generated, Release, alternatives, certificates, directories, interpreter_links, localtime, nsswitch,
    openssl_links, os_release, users, usr_merge,
};
use bareboat_packages::wheel::{BaseFile, VenvLayout};
use bareboat_store::Store;

use crate::BuildError;

/// The launcher's path: it replaces variables in the command at start, because there is no shell to do it.
pub const LAUNCHER: &str = "usr/lib/bareboat/launch.py";

/// Where the application lives.
pub const APPLICATION: &str = "app";

/// Files that somebody made, and why each is there.
#[derive(Debug, Default)]
pub struct Made {
    /// The files.
    pub tree: Tree,
    /// Why, a clause.
    pub reasons: BTreeMap<TreePath, &'static str>,
}

impl Made {
    /// Files that all have the same reason.
    pub fn new(tree: Tree, because: &'static str) -> Self {
        let reasons = tree.entries.keys().map(|path| (path.clone(), because)).collect();
        Self { tree, reasons }
    }
}

/// The base layer's generated files.
///
/// `tree` is what the packages bring; `authorities` the certificates they brought, by path.
///
/// # Errors
/// A certificate that is none, or the store.
pub fn base(
    store: &Store,
    release: Release,
    user: RuntimeUser,
    home: HomeAccess,
    tree: &Tree,
    authorities: &BTreeMap<TreePath, Vec<u8>>,
) -> Result<Made, BuildError> {
    let mut generated = directories::generate();
    generated.extend(usr_merge::alias_links(tree));
    generated.extend(users::generate(user, home));
    generated.push(os_release::generate(release));
    generated.push(nsswitch::generate());
    generated.extend(
        certificates::generate(authorities, &[])
            .map_err(|error| BuildError::Generated { reason: error.to_string() })?,
    );
    generated.extend(openssl_links::generate(tree));
    // The zone is there whenever tzdata is; a base without it has no local time but UTC anyway.
    generated.extend(localtime::generate(tree, localtime::DEFAULT_ZONE).unwrap_or_default());
    store_all(store, generated, tree)
}

/// The links that `update-alternatives` would make among the packages' files.
///
/// # Errors
/// The store.
pub fn alternatives(store: &Store, tree: &Tree, offered: &[Alternative]) -> Result<Made, BuildError> {
    store_all(store, alternatives::generate(tree, offered), tree)
}

/// `/usr/bin/python3` and `/usr/bin/python`.
///
/// # Errors
/// The store.
pub fn interpreter(store: &Store, tree: &Tree, version: &str) -> Result<Made, BuildError> {
    store_all(store, interpreter_links::generate(tree, version), tree)
}

/// The empty virtual environment, the launcher when the command needs it, and a `.pth` file for import roots of the
/// application beside its own directory.
///
/// # Errors
/// The store.
pub fn environment(
    store: &Store,
    layout: &VenvLayout,
    launcher: bool,
    import_roots: &[String],
) -> Result<Tree, BuildError> {
    let mut tree = Tree::new();
    for (path, file) in layout.base_files() {
        let entry = match file {
            BaseFile::Directory => Entry::directory(0o755),
            BaseFile::Symlink(target) => Entry::symlink(target),
            BaseFile::File(bytes) => Entry::file(store.insert(&bytes)?, bytes.len() as u64, 0o644),
        };
        tree.insert(path, entry);
    }
    if !import_roots.is_empty() {
        let text = import_roots.iter().map(|root| format!("{root}\n")).collect::<String>();
        let path = layout.site_packages().join("bareboat-application.pth").expect("a constant name");
        tree.insert(path, Entry::file(store.insert(text.as_bytes())?, text.len() as u64, 0o644));
    }
    if launcher {
        let path = TreePath::new(LAUNCHER).expect("a constant path");
        let digest = store.insert(LAUNCHER_SOURCE.as_bytes())?;
        tree.insert(path, Entry::file(digest, LAUNCHER_SOURCE.len() as u64, 0o644));
    }
    Ok(tree)
}

const LAUNCHER_SOURCE: &str = include_str!("launch.py");

/// Directories the application may write to.
pub fn writable(paths: &[TreePath], user: RuntimeUser, home: HomeAccess) -> Tree {
    let mut tree = Tree::new();
    for path in paths {
        let mut entry = Entry::directory(0o755);
        entry.owner = bareboat_image::Owner { uid: user.uid, gid: user.gid };
        if home == HomeAccess::GroupZero {
            entry.owner.gid = 0;
            entry.mode = 0o775;
        }
        tree.insert(path.clone(), entry);
    }
    tree
}

/// Generated files with their bytes in the store. What a package brings itself is left to it.
fn store_all(store: &Store, generated: Vec<Generated>, present: &Tree) -> Result<Made, BuildError> {
    let mut made = Made::default();
    for file in generated {
        if present.get(&file.path).is_some() && !REPLACED.contains(&file.path.to_str_lossy().as_ref()) {
            continue;
        }
        if !file.content.is_empty() || file.entry.size() == 0 {
            store.insert(&file.content)?;
        }
        made.reasons.insert(file.path.clone(), file.because);
        made.tree.insert(file.path, file.entry);
    }
    Ok(made)
}

/// Files of packages that ours stand in for.
const REPLACED: &[&str] =
    &["usr/lib/os-release", "etc/passwd", "etc/group", "etc/nsswitch.conf", "root", "home"];

//! The sandbox's root: locked Debian packages, unpacked side by side into a directory that is kept and never written to
//! again. What maintainer scripts would have made and builds notice is made here: accounts, links, alternatives.
//!
//! Nothing is written through a link: files come first, into directories made here, and links last.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bareboat_image::{Entry, Kind, Tree, TreePath};
use bareboat_packages::deb::LockedDeb;
use bareboat_packages::debfile::{DebEntry, DebKind, DebReader};
use bareboat_packages::scripts::{self, Alternative};
use bareboat_packages::system::placement::{Placed, Placer};
use bareboat_packages::system::slices::{Slice, Slicing};
use bareboat_packages::system::users::{HomeAccess, RuntimeUser};
use bareboat_packages::system::{Generated, alternatives, interpreter_links, users, usr_merge};
use bareboat_store::{Digest, Store};
use rayon::prelude::*;

use super::work::fail;
use crate::BuildError;

/// A root made of packages.
pub(super) struct BuildRoot<'a> {
    packages: &'a [LockedDeb],
    python: (u8, u8),
    identity: Digest,
}

/// Changes with what is made besides unpacking.
const FORM: u32 = 1;

/// Directories that the sandbox mounts something at, or that programs expect.
const DIRECTORIES: &[&str] =
    &["build", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr/local/bin", "var/tmp"];

/// Not needed to build anything, and a third of the bytes.
const LEFT_OUT: &[&str] = &[
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/zoneinfo",
    "var/lib",
    "var/cache",
];

impl<'a> BuildRoot<'a> {
    /// The root that `packages` make; nothing is unpacked yet.
    pub(super) fn new(packages: &'a [LockedDeb], python: (u8, u8)) -> Self {
        let mut names = format!("build root {FORM} {}.{}\n", python.0, python.1);
        for package in packages {
            names.push_str(&format!("{}\n", package.sha256));
        }
        let identity = Digest::of(names);
        Self { packages, python, identity }
    }

    /// What cache keys hold of it.
    pub(super) fn identity(&self) -> Digest {
        self.identity
    }

    /// The directory, unpacked when it is not there.
    ///
    /// # Errors
    /// A hostile or damaged package, two packages with one file, a full disk. Nothing half-made is left.
    pub(super) fn path(&self, store: &Store) -> Result<PathBuf, BuildError> {
        let blobs: Vec<Digest> = self.packages.iter().map(|package| package.sha256).collect();
        store.unpacked(&format!("build-{}", self.identity.short()), |root| {
            write(store, &blobs, self.python, root)
        })
    }
}

/// What one package brings besides its files, which are on disk already.
#[derive(Default)]
struct Unpacked {
    tree: Tree,
    alternatives: Vec<Alternative>,
}

/// Unpacks `blobs` below `root` and makes what no package holds.
fn write(store: &Store, blobs: &[Digest], python: (u8, u8), root: &Path) -> Result<(), BuildError> {
    for directory in DIRECTORIES {
        make_directories(&root.join(directory))?;
    }
    let unpacked: Vec<Unpacked> =
        blobs.par_iter().map(|blob| unpack(store, blob, root)).collect::<Result<_, _>>()?;
    let (mut tree, mut offered) = (Tree::new(), Vec::new());
    for one in unpacked {
        for (path, entry) in one.tree.entries {
            tree.entries.entry(path).or_insert(entry);
        }
        offered.extend(one.alternatives);
    }
    link_packages(&tree, root)?;
    let mut generated = usr_merge::alias_links(&tree);
    generated.extend(users::generate(RuntimeUser::default(), HomeAccess::Private));
    generated.extend(interpreter_links::generate(&tree, &format!("{}.{}", python.0, python.1)));
    for link in &generated {
        tree.insert(link.path.clone(), link.entry.clone());
    }
    generated.extend(alternatives::generate(&tree, &offered));
    generated.iter().try_for_each(|one| make(one, root))
}

/// Writes the directories and files of one package.
fn unpack(store: &Store, blob: &Digest, root: &Path) -> Result<Unpacked, BuildError> {
    let mut reader = DebReader::open(store.open_blob(blob)?)?;
    let package = reader.control().package().to_owned();
    let account = scripts::account(&package, reader.control_files());
    let mut unpacked = Unpacked { alternatives: account.alternatives, tree: Tree::new() };
    let mut placer = Placer::new(&package, Slicing { slice: Slice::Full, ..Slicing::default() });
    reader.for_each_entry(|entry, content| {
        let Placed::Keep(placed) = placer.place(entry)? else { return Ok(()) };
        if is_left_out(&placed.path) {
            return Ok(());
        }
        write_entry(root, &placed, content).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BuildError::Conflict {
                text: format!(
                    "{} is in `{package}` and in another package of the build's sandbox",
                    placed.path
                ),
            },
            _ => fail(&root.join(placed.path.to_str_lossy().as_ref()))(error),
        })?;
        let kept = tree_entry(&placed);
        unpacked.tree.insert(placed.path, kept);
        Ok::<(), BuildError>(())
    })?;
    Ok(unpacked)
}

/// True for the directories of [`LEFT_OUT`] and what lies below.
fn is_left_out(path: &TreePath) -> bool {
    let below = |directory: &&str| path.as_bytes().strip_prefix(directory.as_bytes());
    LEFT_OUT.iter().any(|directory| below(directory).is_some_and(|rest| matches!(rest, [] | [b'/', ..])))
}

fn write_entry(root: &Path, entry: &DebEntry, content: &mut dyn Read) -> io::Result<()> {
    let path = root.join(entry.path.to_str_lossy().as_ref());
    match entry.kind {
        DebKind::Directory => fs::create_dir_all(&path),
        DebKind::File => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mode = u32::from(entry.mode) & 0o755;
            let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&path)?;
            io::copy(content, &mut file)?;
            file.set_permissions(Permissions::from_mode(mode | 0o444))
        }
        DebKind::Symlink { .. } | DebKind::HardLink { .. } => Ok(()),
    }
}

/// The entry as trees have it. Only its kind and links matter here; nobody asks for contents.
fn tree_entry(placed: &DebEntry) -> Entry {
    match &placed.kind {
        DebKind::Directory => Entry::directory(placed.mode),
        DebKind::File => Entry::file(Digest::of(b""), placed.size, placed.mode),
        DebKind::Symlink { target } => Entry::symlink(target.as_str()),
        DebKind::HardLink { target } => Entry {
            kind: Kind::HardLink { target: target.clone() },
            ..Entry::file(Digest::of(b""), 0, 0o644)
        },
    }
}

/// Hard links, then symbolic ones: nothing is written below them any more.
fn link_packages(tree: &Tree, root: &Path) -> Result<(), BuildError> {
    let mut symbolic: BTreeMap<&TreePath, &str> = BTreeMap::new();
    for (path, entry) in &tree.entries {
        let at = root.join(path.to_str_lossy().as_ref());
        match &entry.kind {
            Kind::HardLink { target } => {
                parent_of(&at)?;
                let target = root.join(target.to_str_lossy().as_ref());
                fs::hard_link(target, &at).map_err(fail(&at))?;
            }
            Kind::Symlink { target } => _ = symbolic.insert(path, target),
            _ => {}
        }
    }
    let directories: Vec<PathBuf> =
        symbolic.keys().map(|path| root.join(path.to_str_lossy().as_ref())).collect();
    directories.iter().try_for_each(|at| parent_of(at))?;
    for ((_, target), at) in symbolic.into_iter().zip(directories) {
        place_link(target, &at)?;
    }
    Ok(())
}

/// A directory stays where a link would take its place: what lies below it must stay reachable.
fn place_link(target: &str, at: &Path) -> Result<(), BuildError> {
    match symlink(target, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(fail(at)),
    }
}

fn make(generated: &Generated, root: &Path) -> Result<(), BuildError> {
    let at = root.join(generated.path.to_str_lossy().as_ref());
    if at.ancestors().skip(1).take_while(|above| *above != root).any(Path::is_symlink) {
        return Ok(());
    }
    parent_of(&at)?;
    match &generated.entry.kind {
        Kind::Directory => make_directories(&at),
        Kind::Symlink { target } => place_link(target, &at),
        _ => {
            // A package may have it as a link that leads anywhere.
            let _ = fs::remove_file(&at);
            fs::write(&at, &generated.content).map_err(fail(&at))?;
            fs::set_permissions(&at, Permissions::from_mode(0o644)).map_err(fail(&at))
        }
    }
}

fn parent_of(path: &Path) -> Result<(), BuildError> {
    path.parent().map_or(Ok(()), make_directories)
}

fn make_directories(path: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(path).map_err(fail(path))
}

#[cfg(test)]
mod tests {
    use bareboat_testkit::deb::DebMaker;

    use super::*;

    fn root_of(packages: &[DebMaker]) -> (tempfile::TempDir, Result<PathBuf, BuildError>) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let blobs: Vec<Digest> =
            packages.iter().map(|package| store.insert(&package.build()).unwrap()).collect();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        let written = write(&store, &blobs, (3, 13), &root);
        (directory, written.map(|()| root))
    }

    #[test]
    fn unpacks_packages_and_makes_the_links_that_scripts_would() {
        let compiler = DebMaker::new("gcc", "1", "amd64")
            .file("usr/bin/gcc-1", 0o755, "compiler")
            .symlink("usr/bin/gcc", "gcc-1")
            .file("usr/share/man/man1/gcc.1", 0o644, "manual")
            .file("lib/x/libx.so", 0o644, "library")
            .control_file(
                "postinst",
                "#!/bin/sh\nupdate-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20\n",
            );
        let (_directory, root) = root_of(&[compiler]);
        let root = root.unwrap();
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        assert_eq!((read("usr/bin/gcc"), read("usr/lib/x/libx.so")), ("compiler".into(), "library".into()));
        let link = |path: &str| fs::read_link(root.join(path)).unwrap().display().to_string();
        assert_eq!(link("usr/bin/cc"), "/etc/alternatives/cc");
        assert_eq!((link("etc/alternatives/cc"), link("lib")), ("/usr/bin/gcc".into(), "usr/lib".into()));
        assert_eq!(link("usr/bin/python3"), "python3.13");
        assert!(!root.join("usr/share/man").exists() && root.join("build").is_dir());
    }

    #[test]
    fn no_package_reaches_through_the_link_of_another() {
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().to_str().unwrap();
        let link = DebMaker::new("link", "1", "amd64").symlink("usr/lib/way", target);
        let file = DebMaker::new("file", "1", "amd64").file("usr/lib/way/out", 0o644, "x");
        let accounts =
            DebMaker::new("accounts", "1", "amd64").symlink("etc/passwd", &format!("{target}/passwd"));
        let (_directory, root) = root_of(&[link, file, accounts]);
        let root = root.unwrap();
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "nothing left the root");
        assert_eq!(fs::read_to_string(root.join("usr/lib/way/out")).unwrap(), "x");
        assert!(fs::read_to_string(root.join("etc/passwd")).unwrap().contains("nonroot"));
    }

    #[test]
    fn two_packages_with_one_file_are_refused() {
        let package = |name: &str| DebMaker::new(name, "1", "amd64").file("usr/bin/x", 0o755, name);
        let (_directory, root) = root_of(&[package("a"), package("b")]);
        let error = root.unwrap_err().to_string();
        assert!(
            error.starts_with("/usr/bin/x is in `") && error.ends_with("of the build's sandbox"),
            "{error}"
        );
    }
}

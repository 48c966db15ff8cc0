//! Real Debian packages for the full suite, fetched by the host's own `apt-get` from the host's own mirrors.
//!
//! Each release and architecture has an apt state of its own below cargo's scratch directory, so nothing of the
//! host's changes and a second run fetches nothing.

#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_image::{Entry, Kind, Tree, TreePath};
use bareboat_packages::debfile::{DebEntry, DebError, DebKind, DebReader};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::system::placement::{Placed, Placer};
use bareboat_packages::system::slices::Slicing;
use bareboat_packages::system::usr_merge;
use bareboat_store::Digest;

/// The `.deb` files of `packages`, by package name.
pub fn debs(release: &str, architecture: &str, packages: &[&str]) -> BTreeMap<String, PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("debian-{release}-{architecture}"));
    let pool = directory.join("pool");
    fs::create_dir_all(&pool).unwrap();
    // Tests run side by side, apt does not.
    let lock = fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    let known = |package: &str| -> Option<PathBuf> {
        let names = fs::read_dir(&pool).unwrap().map(|entry| entry.unwrap().path());
        let own = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".deb") && name.split('_').next() == Some(package)
        };
        { names }.find(own)
    };
    let absent: Vec<&str> = packages.iter().copied().filter(|package| known(package).is_none()).collect();
    if !absent.is_empty() {
        let apt = Apt::new(&directory, release, architecture);
        apt.run(&["update"], &directory);
        apt.run(&[&["download"], &absent[..]].concat(), &pool);
    }
    packages.iter().map(|&package| (package.to_owned(), known(package).unwrap())).collect()
}

struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(directory: &Path, release: &str, architecture: &str) -> Self {
        for part in ["etc", "state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(directory.join(part)).unwrap();
        }
        let sources = directory.join("etc/sources.list");
        fs::write(&sources, sources_list(release)).unwrap();
        let at = |part: &str| directory.join(part).display().to_string();
        let options = vec![
            format!("Dir::Etc::SourceList={}", sources.display()),
            format!("Dir::Etc::SourceParts={}", at("etc/none")),
            format!("Dir::State={}", at("state")),
            format!("Dir::Cache={}", at("cache")),
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures={architecture}"),
            "APT::Sandbox::User=root".to_owned(),
        ];
        Self { options }
    }

    fn run(&self, arguments: &[&str], directory: &Path) {
        let mut command = Command::new("apt-get");
        for option in &self.options {
            command.args(["-o", option]);
        }
        let output = command.args(arguments).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The host's Debian mirrors with another release.
fn sources_list(release: &str) -> String {
    let arguments = ["indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"];
    let output = Command::new("apt-get").args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().filter_map(|line| source(line, release)).collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

fn source(line: &str, release: &str) -> Option<String> {
    let (site, suite) = line.split_once(' ')?;
    let (codename, pocket) = suite.split_once('-').unwrap_or((suite, ""));
    let is_debian = ["bookworm", "trixie", "forky"].contains(&codename);
    let wanted = ["", "security", "updates"].contains(&pocket) && is_debian;
    let dash = if pocket.is_empty() { "" } else { "-" };
    wanted.then(|| format!("deb {site} {release}{dash}{pocket} main\n"))
}

/// Packages merged in memory.
#[derive(Default)]
pub struct Root {
    pub tree: Tree,
    pub elf: BTreeMap<TreePath, ElfFacts>,
    pub contents: BTreeMap<TreePath, Vec<u8>>,
    /// Bytes of files that the slice left out.
    pub dropped: u64,
}

impl Root {
    /// Reads `debs` in order; panics when two packages hold different things at one path.
    pub fn compose(debs: &BTreeMap<String, PathBuf>, slicing: Slicing) -> Self {
        let mut root = Self::default();
        for (package, path) in debs {
            let mut reader = DebReader::open(fs::File::open(path).unwrap()).unwrap();
            let mut placer = Placer::new(package, slicing);
            let outcome: Result<(), DebError> = reader.for_each_entry(|entry, content| {
                match placer.place(entry).unwrap() {
                    Placed::Keep(placed) => root.add(placed, content),
                    Placed::Drop(_) => root.dropped += entry.size,
                    Placed::Known => {}
                }
                Ok(())
            });
            outcome.unwrap();
        }
        for alias in usr_merge::alias_links(&root.tree) {
            root.tree.insert(alias.path, alias.entry);
        }
        root
    }

    pub fn facts(&self) -> BTreeMap<&TreePath, &ElfFacts> {
        self.elf.iter().collect()
    }

    /// Bytes of all regular files.
    pub fn visible(&self) -> u64 {
        self.tree.entries.values().map(Entry::size).sum()
    }

    fn add(&mut self, entry: DebEntry, content: &mut dyn Read) {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let mut made = match &entry.kind {
            DebKind::Directory => Entry::directory(entry.mode),
            DebKind::Symlink { target } => Entry::symlink(target.clone()),
            DebKind::HardLink { target } => {
                Entry { kind: Kind::HardLink { target: target.clone() }, ..Entry::directory(entry.mode) }
            }
            DebKind::File => Entry::file(Digest::of(&bytes), bytes.len() as u64, entry.mode),
        };
        made.owner = entry.owner;
        if let Ok(facts) = ElfFacts::of_bytes(&bytes) {
            self.elf.insert(entry.path.clone(), facts);
        }
        if entry.kind == DebKind::File {
            self.contents.insert(entry.path.clone(), bytes);
        }
        let before = self.tree.insert(entry.path.clone(), made.clone());
        let same = before.is_none_or(|before| {
            before == made || before.kind == Kind::Directory && made.kind == Kind::Directory
        });
        assert!(same, "two packages hold {}", entry.path);
    }

    pub fn add_file(&mut self, path: &str, bytes: Vec<u8>) {
        let path = TreePath::new(path).unwrap();
        let entry = DebEntry {
            path,
            kind: DebKind::File,
            mode: 0o644,
            owner: Default::default(),
            size: bytes.len() as u64,
        };
        self.add(entry, &mut &bytes[..]);
    }

    pub fn add_link(&mut self, path: &str, target: &str) {
        self.tree.insert(TreePath::new(path).unwrap(), Entry::symlink(target));
    }

    /// Writes the tree to a directory, ownership left out.
    pub fn write(&self, directory: &Path) {
        for (path, entry) in &self.tree.entries {
            let at = directory.join(path.to_str_lossy().as_ref());
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            match &entry.kind {
                Kind::Directory => fs::create_dir_all(&at).unwrap(),
                Kind::Symlink { target } => std::os::unix::fs::symlink(target, &at).unwrap(),
                Kind::HardLink { target } => {
                    fs::hard_link(directory.join(target.to_str_lossy().as_ref()), &at).unwrap();
                }
                _ => {
                    fs::write(&at, &self.contents[path]).unwrap();
                    let mode = std::os::unix::fs::PermissionsExt::from_mode(entry.mode.into());
                    fs::set_permissions(&at, mode).unwrap();
                }
            }
        }
    }
}

//! What an image is, read once from its own bytes: the facts that `inspect` prints and rules judge.
//!
//! Nothing is run, unpacked or asked for elsewhere, and nothing is taken from the builder's word: an image's history
//! only names the instruction that made a layer.

mod accounts;
mod content;
mod extract;
mod imports;
mod layer;
mod libc;
mod package;
mod program;
mod python;
pub mod secret;
mod surface;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_image::source::{Image, Pass, Seen, Sizes, SourceError};
use bareboat_image::tar::read::Limits;
use bareboat_image::{ContainerConfig, Entry, History, Kind, Merged, Platform, Tree, TreePath};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::elf::loader::LoadReport;
use bareboat_store::Digest;

use crate::knowledge::Date;

pub use accounts::{Account, Accounts, Group};
pub use content::{Checksums, Content, Elf};
pub use extract::read_files;
pub use imports::{Import, Imports};
pub use layer::{HiddenBytes, Layer};
pub(crate) use libc::glibc_version;
pub use libc::{Libcs, Processor};
pub use package::{Ecosystem, Package};
pub use program::{Program, StartFault, Words};
pub use python::{Interpreter, SiteDirectory};
pub use secret::Secret;
pub use surface::{Executable, Surface, Tool, WritablePath};
pub use user::{Access, User};

use content::Looker;
use package::Packages;

/// Everything known about one image.
#[derive(Debug)]
pub struct Facts {
    /// How it was asked for.
    pub name: String,
    /// What it is called where it was found.
    pub tag: Option<String>,
    /// The digest of its manifest, where it has one.
    pub digest: Option<Digest>,
    /// What it is for; a root file system does not say.
    pub platform: Option<Platform>,
    /// How a container of it starts; empty for a root file system.
    pub config: ContainerConfig,
    /// False for a root file system: nothing is known about how it starts.
    pub has_config: bool,
    /// When it was made, as it says.
    pub created: Option<String>,
    /// For each layer, the different modification times in it that are of the day of the build, or a day off.
    pub build_times: Vec<BTreeSet<i64>>,
    /// How it came to be.
    pub history: Vec<History>,
    /// The five sizes.
    pub sizes: Sizes,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// The merged layers.
    pub merged: Merged,
    /// What is known of contents, hidden ones included.
    pub contents: BTreeMap<Digest, Content>,
    /// Secrets in files, hidden ones included.
    pub secrets: Vec<SecretFile>,
    /// Files that facts are made of were left out: there were too many.
    pub is_incomplete: bool,
    /// The users it knows.
    pub accounts: Accounts,
    /// Who its process is.
    pub user: User,
    /// `/etc/os-release`.
    pub distribution: BTreeMap<String, String>,
    /// C libraries that are there.
    pub libcs: Libcs,
    /// Packages of all ecosystems, by ecosystem and name.
    pub packages: Vec<Package>,
    owners: BTreeMap<TreePath, usize>,
    /// Python interpreters.
    pub interpreters: Vec<Interpreter>,
    /// Directories of Python packages.
    pub sites: Vec<SiteDirectory>,
    /// Whether every ELF file would load; `None` for a processor whose loader is not known here.
    pub load: Option<LoadReport>,
    /// Files that starting the container needs for certain: the program, its interpreters, their libraries.
    pub started: BTreeSet<TreePath>,
    /// The attack surface.
    pub surface: Surface,
}

/// A secret in a file of some layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretFile {
    /// Where.
    pub path: TreePath,
    /// The layer with the file, counted from 0 for the lowest.
    pub layer: usize,
    /// The layer that hides it again.
    pub hidden_by: Option<usize>,
    /// What it is.
    pub secret: Secret,
}

/// What reading an image needs.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// How the image was asked for.
    pub name: &'a str,
    /// Large programs are spooled here, in unnamed files.
    pub temporary_directory: &'a Path,
    /// What archives may hold.
    pub limits: Limits,
    /// Whether checksums of package managers are worked out.
    pub checksums: Checksums,
}

impl Facts {
    /// Reads every layer once.
    ///
    /// # Errors
    /// The image cannot be read, or is not what its digests say.
    pub fn read(image: &Image<'_>, reading: &Reading<'_>) -> Result<Self, SourceError> {
        let looker = Looker::new(reading.temporary_directory, reading.checksums);
        let pass = image.read(reading.limits, &|member, content| looker.look(member, content))?;
        let is_incomplete = looker.is_exhausted();
        let config = image.config.as_ref();
        let history = config.map(|config| config.history.clone()).unwrap_or_default();
        let Pass { merged, sizes, layers, seen } = pass;
        let layers = layer::layers(&image.layers, &layers, &merged, &history);
        let created = config.and_then(|config| config.created.clone());
        let build_times = created.as_deref().map(|day| build_times(day, &seen)).unwrap_or_default();
        let secrets = secret_files(&merged, &seen);
        let contents = contents(seen);
        let mut facts = Self {
            name: reading.name.to_owned(),
            tag: image.name.clone(),
            digest: image.descriptor.as_ref().map(|descriptor| descriptor.digest),
            platform: config.map(|config| config.platform.normalized()),
            config: config.map(|config| config.config.clone()).unwrap_or_default(),
            has_config: config.is_some(),
            created,
            build_times,
            history,
            sizes,
            layers,
            merged,
            contents,
            secrets,
            is_incomplete,
            accounts: Accounts::default(),
            user: User::resolve("0", &Accounts::default()),
            distribution: BTreeMap::new(),
            libcs: Libcs::default(),
            packages: Vec::new(),
            owners: BTreeMap::new(),
            interpreters: Vec::new(),
            sites: Vec::new(),
            load: None,
            started: BTreeSet::new(),
            surface: Surface::default(),
        };
        facts.work_out();
        Ok(facts)
    }

    /// What follows from the files, each from what is known before it.
    fn work_out(&mut self) {
        let text = |path: &str| {
            let path = self.at(path)?;
            self.content(&path)?.text().map(std::borrow::Cow::into_owned)
        };
        let (passwd, group, shadow) = (text("/etc/passwd"), text("/etc/group"), text("/etc/shadow"));
        let release = text("/etc/os-release").or_else(|| text("/usr/lib/os-release")).unwrap_or_default();
        self.accounts = Accounts::new(passwd.as_deref(), group.as_deref(), shadow.as_deref());
        self.user = User::resolve(&self.config.user, &self.accounts);
        self.distribution = os_release(&release);
        self.libcs = Libcs::find(self);
        let Packages { packages, owners } = Packages::find(self);
        (self.packages, self.owners) = (packages, owners);
        self.interpreters = python::interpreters(self);
        self.sites = python::sites(self);
        self.load = libc::load(self);
        self.started = self.started_files();
        self.surface = Surface::find(self);
    }

    /// The files a container sees.
    pub fn tree(&self) -> &Tree {
        &self.merged.tree
    }

    /// Where a text leads, `..` and symbolic links followed inside the root, relative ones from `/`. For a further name
    /// of a file its first one.
    pub fn at(&self, text: &str) -> Option<TreePath> {
        let mut current = TreePath::ROOT;
        for part in text.split('/') {
            current = match part {
                "" | "." => continue,
                ".." => current.parent().unwrap_or_default(),
                name => self.tree().resolve(&current.join(name).ok()?)?,
            };
        }
        Some(self.first_name(current))
    }

    /// As [`Facts::at`] for a path.
    pub fn real(&self, path: &TreePath) -> Option<TreePath> {
        Some(self.first_name(self.tree().resolve(path)?))
    }

    fn first_name(&self, path: TreePath) -> TreePath {
        match self.tree().get(&path).map(|entry| &entry.kind) {
            Some(Kind::HardLink { target }) => target.clone(),
            _ => path,
        }
    }

    /// The regular file at `path`, which must be real.
    pub fn file(&self, path: &TreePath) -> Option<&Entry> {
        self.tree().get(path).filter(|entry| matches!(entry.kind, Kind::File { .. }))
    }

    /// True for a directory, also one that no entry names.
    pub fn is_directory(&self, path: &TreePath) -> bool {
        match self.tree().get(path) {
            Some(entry) => entry.kind == Kind::Directory,
            None => path.is_root() || self.tree().below(path).next().is_some(),
        }
    }

    /// What is known of the content at `path`, which must be real.
    pub fn content(&self, path: &TreePath) -> Option<&Content> {
        match self.tree().get(path)?.kind {
            Kind::File { digest, .. } => self.contents.get(&digest),
            _ => None,
        }
    }

    /// The facts of every readable ELF file, by its first name.
    pub fn elf(&self) -> BTreeMap<&TreePath, &ElfFacts> {
        let of = |path| Some((path, self.content(path)?.elf()?));
        self.tree().entries.keys().filter_map(of).collect()
    }

    /// The layer that `path` comes from, counted from 0.
    pub fn layer_of(&self, path: &TreePath) -> Option<usize> {
        self.merged.layer_of.get(path).copied()
    }

    /// The package that says it brought `path`.
    pub fn owner(&self, path: &TreePath) -> Option<&Package> {
        self.owners.get(path).and_then(|index| self.packages.get(*index))
    }

    /// The place in `packages` of the package that says it brought `path`.
    pub(crate) fn owner_index(&self, path: &TreePath) -> Option<usize> {
        self.owners.get(path).copied()
    }

    /// Programs that no package manager knows; empty where there is none.
    pub fn unowned_programs(&self) -> Vec<&TreePath> {
        if self.packages.iter().all(|package| package.ecosystem == Ecosystem::Python) {
            return Vec::new();
        }
        let programs = self.surface.executables.iter().map(|executable| &executable.path);
        programs.filter(|path| self.owner(path).is_none()).collect()
    }

    /// A variable of the configuration's environment; the last one counts.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let variables = self.config.env.iter().rev().filter_map(|variable| variable.split_once('='));
        { variables }.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Directories of `PATH`; those every engine sets where an image does not.
    pub fn search_path(&self) -> Vec<&str> {
        self.variable("PATH").unwrap_or(DEFAULT_PATH).split(':').filter(|part| !part.is_empty()).collect()
    }

    /// Whether the user may: through every directory on the way, and at `path`, which must be real.
    pub fn may(&self, access: Access, path: &TreePath) -> bool {
        let mut parent = path.parent();
        while let Some(directory) = parent {
            let passes = |entry| self.user.may(Access::Execute, entry);
            if !self.tree().get(&directory).is_none_or(passes) {
                return false;
            }
            parent = directory.parent();
        }
        self.tree().get(path).is_some_and(|entry| self.user.may(access, entry))
    }

    /// True in a directory of `PATH`.
    pub fn is_on_search_path(&self, path: &TreePath) -> bool {
        let parent = path.parent();
        self.search_path().iter().any(|directory| self.at(directory) == parent)
    }

    /// True in a directory that the loader looks into for everything.
    pub fn is_in_libraries(&self, path: &TreePath) -> bool {
        let parent = path.parent().unwrap_or_default();
        ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"].iter().any(|directory| {
            let below = self.at(directory).and_then(|directory| parent.strip_prefix(&directory));
            below.is_some_and(|below| {
                below.components().count() <= usize::from(below.to_str_lossy().contains("-linux-"))
            })
        })
    }

    /// Somebody would miss it: the command needs it, a name on `PATH` leads to it, or Python may import it.
    pub fn is_used_code(&self, path: &TreePath) -> bool {
        let is_module = || self.site_of(path).is_some() && path.file_name().ends_with(b".so");
        self.is_on_search_path(path) || is_module() || self.started.contains(path)
    }

    /// A regular file with a bit that lets somebody execute it.
    pub fn is_executable_file(&self, path: &TreePath) -> bool {
        self.file(path).is_some_and(|entry| entry.mode & 0o111 != 0)
    }

    /// `Entrypoint` and `Cmd`.
    pub fn command(&self) -> Vec<&str> {
        let words = [&self.config.entrypoint, &self.config.cmd].into_iter().flatten().flatten();
        words.map(String::as_str).collect()
    }

    /// What the container starts.
    pub fn start(&self) -> Program {
        Program::find(self, &Words::new(self.command()))
    }

    fn started_files(&self) -> BTreeSet<TreePath> {
        let mut files: BTreeSet<TreePath> = self.start().chain.into_iter().collect();
        let mut pending: Vec<TreePath> = files.iter().cloned().collect();
        while let Some(path) = pending.pop() {
            let needed = self.load.iter().filter_map(|load| load.libraries.get(&path)).flatten();
            for (_, library) in needed {
                if files.insert(library.clone()) {
                    pending.push(library.clone());
                }
            }
        }
        files
    }
}

/// By digest. The same bytes may be kept for one name and not for another.
fn contents(seen: Vec<Vec<Seen<Option<Content>>>>) -> BTreeMap<Digest, Content> {
    let mut contents: BTreeMap<Digest, Content> = BTreeMap::new();
    for Seen { digest, value, .. } in seen.into_iter().flatten() {
        let Some(content) = value else { continue };
        let known = contents.entry(digest).or_default();
        let licence = known.licence.take().or_else(|| content.licence.clone());
        if known.bytes.is_none() {
            *known = content;
        }
        known.licence = licence;
    }
    contents
}

/// Times around the day that `created` (RFC 3339) begins with; a few of each layer are enough to know.
fn build_times(created: &str, seen: &[Vec<Seen<Option<Content>>>]) -> Vec<BTreeSet<i64>> {
    let Some(day) = created.get(..10).and_then(|day| day.parse::<Date>().ok()) else { return Vec::new() };
    let is_near = |time: &i64| {
        let of_time = time.div_euclid(86_400);
        (-1..=1).any(|off| Date::from_days(of_time + off) == Some(day))
    };
    let of = |layer: &Vec<Seen<Option<Content>>>| {
        let mut times = BTreeSet::new();
        for time in layer.iter().map(|seen| seen.mtime).filter(is_near) {
            if times.len() < MOST_TIMES {
                times.insert(time);
            }
        }
        times
    };
    seen.iter().map(of).collect()
}

/// Different times of a layer that are kept.
const MOST_TIMES: usize = 1_000;

/// `NAME=value` lines with optional quotes (os-release(5)).
fn os_release(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim().trim_matches(|quote| quote == '"' || quote == '\'');
        (!name.starts_with('#')).then(|| (name.trim().to_owned(), value.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

fn secret_files(merged: &Merged, seen: &[Vec<Seen<Option<Content>>>]) -> Vec<SecretFile> {
    let mut files = Vec::new();
    let secrets = |layer: usize, member: Option<u64>| {
        let seen =
            seen.get(layer).zip(member).and_then(|(layer, member)| layer.get(usize::try_from(member).ok()?));
        seen.and_then(|seen| seen.value.as_ref())
            .map(|content| content.secrets.as_slice())
            .unwrap_or_default()
    };
    for (path, entry) in &merged.tree.entries {
        let Some(origin) = merged.origins.get(path).filter(|_| matches!(entry.kind, Kind::File { .. }))
        else {
            continue;
        };
        for secret in secrets(origin.layer, origin.member) {
            files.push(SecretFile {
                path: path.clone(),
                layer: origin.layer,
                hidden_by: None,
                secret: secret.clone(),
            });
        }
    }
    for hidden in &merged.hidden {
        for secret in secrets(hidden.origin.layer, hidden.origin.member) {
            let (path, layer) = (hidden.path.clone(), hidden.origin.layer);
            files.push(SecretFile { path, layer, hidden_by: Some(hidden.by), secret: secret.clone() });
        }
    }
    files.sort();
    files
}

/// What Docker, containerd and Podman set where an image says nothing.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

//! A Debian archive made by code: pools, signed release files, indexes by name and by hash.
//!
//! ```
//! use bareboat_testkit::deb::DebMaker;
//! use bareboat_testkit::debian_archive::{ArchiveMaker, DATE};
//! use bareboat_testkit::http::Server;
//! use bareboat_testkit::openpgp::{KeyPlan, OpenPgpKey, SignaturePlan};
//!
//! let mut archive = ArchiveMaker::new("trixie");
//! archive.add("trixie", &DebMaker::new("hello", "1.0-1", "amd64").file("usr/lib/x86_64-linux-gnu/libhello.so.1", 0o644, "x"));
//! let key = OpenPgpKey::generate(&KeyPlan::default());
//! let server = Server::start();
//! archive.serve(&server, &key, &SignaturePlan::at(DATE));
//! assert!(server.url("/debian/dists/trixie/InRelease").starts_with("http://127.0.0.1"));
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::deb::{Compression, DebMaker};
use crate::http::Server;
use crate::openpgp::{OpenPgpKey, SignaturePlan};

/// When release files say they were made, in seconds since 1970.
pub const DATE: u32 = 1_795_252_544;
/// [`DATE`] as they write it.
pub const DATE_TEXT: &str = "Sat, 21 Nov 2026 09:15:44 UTC";
/// A week later.
pub const VALID_UNTIL_TEXT: &str = "Sat, 28 Nov 2026 09:15:44 UTC";

/// An archive in the making: the main one below `debian/`, the security one below `debian-security/`.
#[derive(Debug, Clone)]
pub struct ArchiveMaker {
    suites: BTreeMap<String, SuiteMaker>,
    pool: BTreeMap<String, Vec<u8>>,
}

/// A suite in the making. Its fields may be changed before the archive is written.
#[derive(Debug, Clone)]
pub struct SuiteMaker {
    /// The fields of the release file before its table of digests, in order.
    pub fields: Vec<(String, String)>,
    /// Forms to store `Packages` in.
    pub forms: Vec<Compression>,
    packages: BTreeMap<String, String>,
    contents: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

impl ArchiveMaker {
    /// An archive with the three empty suites of a release: `trixie`, `trixie-updates`, `trixie-security`. As
    /// Debian does, the last two expire, and store no gzip form.
    pub fn new(codename: &str) -> Self {
        let suites = ["", "-updates", "-security"].map(|ending| {
            let name = format!("{codename}{ending}");
            (name.clone(), SuiteMaker::new(&name, ending.is_empty()))
        });
        Self { suites: suites.into(), pool: BTreeMap::new() }
    }

    /// A suite, to change what it says.
    ///
    /// # Panics
    /// When there is no suite of that name.
    pub fn suite(&mut self, name: &str) -> &mut SuiteMaker {
        self.suites.get_mut(name).expect("a suite of the release")
    }

    /// Puts a package into the pool and lists it and its files in the indexes of `suite`.
    ///
    /// # Panics
    /// When there is no suite of that name, or the package says no name.
    pub fn add(&mut self, suite: &str, package: &DebMaker) {
        let (control, bytes) = (package.control(), package.build());
        let field = |name: &str| {
            let line = control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let (name, version, architecture) = (field("Package"), field("Version"), field("Architecture"));
        let plain = version.split_once(':').map_or(&version[..], |(_, rest)| rest);
        let source = field("Source");
        let source = source.split(' ').next().filter(|source| !source.is_empty()).unwrap_or(&name);
        let initial = if source.starts_with("lib") { &source[..4] } else { &source[..1] };
        let pool = if suite.ends_with("-security") { "pool/updates/main" } else { "pool/main" };
        let path = format!("{pool}/{initial}/{source}/{name}_{plain}_{architecture}.deb");
        let stanza = format!("{control}Filename: {path}\nSize: {}\nSHA256: {}\n\n", bytes.len(), hex(&bytes));
        let maker = self.suite(suite);
        for target in ARCHITECTURES.iter().filter(|target| architecture == "all" || architecture == **target)
        {
            *maker.packages.entry((*target).to_owned()).or_default() += &stanza;
        }
        let section =
            control.lines().find_map(|line| line.strip_prefix("Section: ")).unwrap_or("misc").to_owned();
        for file in package.paths() {
            let files = maker.contents.entry(architecture.clone()).or_default();
            files.entry(file).or_default().insert(format!("{section}/{name}"));
        }
        self.pool.insert(format!("{}/{path}", root(suite)), bytes);
    }

    /// Every file of the archive by its path: `debian/dists/…`, `debian/pool/…`, `debian-security/…`.
    pub fn files(&self, key: &OpenPgpKey, signature: &SignaturePlan) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.pool.clone();
        for (name, suite) in &self.suites {
            let directory = format!("{}/dists/{name}", root(name));
            let mut table = String::new();
            for (path, bytes, stored) in suite.indexes() {
                let digest = hex(&bytes);
                writeln!(table, " {digest} {:8} {path}", bytes.len()).expect("writing to memory succeeds");
                if stored {
                    let (parent, _) = path.rsplit_once('/').expect("indexes are in directories");
                    files.insert(format!("{directory}/{parent}/by-hash/SHA256/{digest}"), bytes.clone());
                    files.insert(format!("{directory}/{path}"), bytes);
                }
            }
            let fields: String =
                suite.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let release = format!("{fields}SHA256:\n{table}");
            files.insert(
                format!("{directory}/InRelease"),
                key.sign_cleartext(&release, signature).into_bytes(),
            );
        }
        files
    }

    /// Serves every file below the server's root: its mirrors are `/debian` and `/debian-security`.
    pub fn serve(&self, server: &Server, key: &OpenPgpKey, signature: &SignaturePlan) {
        for (path, bytes) in self.files(key, signature) {
            server.file(&format!("/{path}"), bytes);
        }
    }

    /// Writes every file below `directory`.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path, key: &OpenPgpKey, signature: &SignaturePlan) {
        for (path, bytes) in self.files(key, signature) {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().expect("the path has a parent"))
                .expect("the directory can be made");
            fs::write(path, bytes).expect("the file can be written");
        }
    }
}

impl SuiteMaker {
    fn new(name: &str, is_base: bool) -> Self {
        let mut suite = Self {
            fields: Vec::new(),
            forms: if is_base { vec![Compression::Gzip, Compression::Xz] } else { vec![Compression::Xz] },
            packages: BTreeMap::new(),
            contents: BTreeMap::new(),
        };
        suite.set("Origin", "Debian");
        suite.set("Codename", name);
        suite.set("Date", DATE_TEXT);
        if !is_base {
            suite.set("Valid-Until", VALID_UNTIL_TEXT);
        }
        suite.set("Acquire-By-Hash", "yes");
        suite.set("No-Support-for-Architecture-all", "Packages");
        suite.set("Architectures", "all amd64 arm64");
        suite.set("Components", "main");
        suite
    }

    /// Sets a field of the release file.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Adds text to the `Packages` index of an architecture as it is, for entries no honest archive has.
    pub fn add_text(&mut self, architecture: &str, text: &str) {
        *self.packages.entry(architecture.to_owned()).or_default() += text;
    }

    /// Path, bytes and whether it is stored under its name: as in Debian, the unpacked form is only signed.
    fn indexes(&self) -> Vec<(String, Vec<u8>, bool)> {
        let mut indexes = Vec::new();
        for architecture in ARCHITECTURES {
            let path = format!("main/binary-{architecture}/Packages");
            let text = self.packages.get(architecture).map(String::as_bytes).unwrap_or_default();
            let only_plain = matches!(self.forms[..], [Compression::None]);
            indexes.push((path.clone(), text.to_vec(), only_plain));
            for form in self.forms.iter().filter(|form| **form != Compression::None) {
                indexes.push((format!("{path}{}", form.suffix()), form.compress(text), true));
            }
            let path = format!("main/Contents-{architecture}");
            let text = self.contents_text(architecture);
            indexes.push((path.clone(), text.clone().into_bytes(), false));
            indexes.push((format!("{path}.gz"), Compression::Gzip.compress(text.as_bytes()), true));
        }
        indexes
    }

    fn contents_text(&self, architecture: &str) -> String {
        let mut text = String::new();
        for (file, packages) in self.contents.get(architecture).into_iter().flatten() {
            let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
            writeln!(text, "{file:<55} {}", packages.join(",")).expect("writing to memory succeeds");
        }
        text
    }
}

fn root(suite: &str) -> &'static str {
    if suite.ends_with("-security") { "debian-security" } else { "debian" }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

//! What is kept of a file's content while its layer streams by: a few facts, and the bytes of small files that are read
//! later. Never more than a fixed amount in all, whatever an image holds.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bareboat_image::TreePath;
use bareboat_image::tar::read::{Member, MemberKind};
use bareboat_packages::elf::{ElfError, ElfFacts};
use bareboat_packages::sbom::{Licence, copyright_licences};
use md5::{Digest as _, Md5};

use super::imports::{self, Imports};
use super::secret::{self, Secret};

/// What is known about a content. The same bytes have the same facts wherever they lie, but for secrets that only a
/// file's name gives away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// What kind of program or library it is.
    pub elf: Elf,
    /// What follows `#!` on its first line.
    pub shebang: Option<String>,
    /// All of its bytes, where something reads them.
    pub bytes: Option<Vec<u8>>,
    /// Secrets in it, by place.
    pub secrets: Vec<Secret>,
    /// It is BusyBox, under whatever name.
    pub is_busybox: bool,
    /// The licences that a Debian package's copyright file names.
    pub licence: Option<Licence>,
    /// What it imports, of a Python source of the application or a script.
    pub imports: Option<Imports>,
    /// The MD5 checksum that package managers write down, where it was asked for.
    pub md5: Option<[u8; 16]>,
}

/// What an ELF file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Elf {
    /// It is no ELF file.
    #[default]
    No,
    /// Its facts.
    Facts(Box<ElfFacts>),
    /// It begins as one and cannot be read.
    Broken(String),
}

impl Content {
    /// The facts of a readable ELF file.
    pub fn elf(&self) -> Option<&ElfFacts> {
        match &self.elf {
            Elf::Facts(facts) => Some(facts),
            _ => None,
        }
    }

    /// Its bytes as text, with U+FFFD for what is not UTF-8.
    pub fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.bytes.as_deref().map(String::from_utf8_lossy)
    }
}

/// Whether MD5 checksums are worked out. They take longer than everything else that is done with a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksums {
    /// Nobody wants them.
    #[default]
    None,
    /// Of every regular file.
    Md5,
}

/// Looks at contents, from several threads.
pub(super) struct Looker<'a> {
    temporary_directory: &'a Path,
    checksums: Checksums,
    /// Bytes that may still be kept.
    left: AtomicU64,
    /// Secrets that may still be kept.
    secrets_left: AtomicU64,
    /// Imports that may still be kept.
    imports_left: AtomicU64,
}

impl<'a> Looker<'a> {
    pub(super) fn new(temporary_directory: &'a Path, checksums: Checksums) -> Self {
        let (left, secrets_left) = (AtomicU64::new(MOST_KEPT), AtomicU64::new(MOST_SECRETS));
        let imports_left = AtomicU64::new(MOST_IMPORTS);
        Self { temporary_directory, checksums, left, secrets_left, imports_left }
    }

    /// True when files that should have been kept were not: there were too many.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0 || self.secrets_left.load(Ordering::Relaxed) == 0
    }

    /// What there is to say about one entry; `None` for nothing.
    pub(super) fn look(&self, member: &Member, content: &mut dyn Read) -> io::Result<Option<Content>> {
        let MemberKind::File { size } = member.kind else { return Ok(None) };
        let found = match self.checksums {
            Checksums::None => self.look_at_file(member, size, content)?,
            Checksums::Md5 => {
                let mut hashed = Hashed { content, hash: Md5::new() };
                let mut found = self.look_at_file(member, size, &mut hashed)?;
                io::copy(&mut hashed, &mut io::sink())?;
                found.md5 = Some(hashed.hash.finalize().into());
                found
            }
        };
        Ok((found != Content::default()).then_some(found))
    }

    fn look_at_file(&self, member: &Member, size: u64, content: &mut dyn Read) -> io::Result<Content> {
        let mut found = Content::default();
        let mut start = Vec::new();
        content.take(FIRST_BYTES).read_to_end(&mut start)?;
        if ElfFacts::is_elf(&start) {
            self.look_at_elf(&start, content, &mut found)?;
        } else if is_read_later(&member.path) && size <= MOST_OF_ONE && reserve(&self.left, size) {
            content.read_to_end(&mut start)?;
            found.secrets = secret::in_file(&member.path, &start);
            found.bytes = Some(start);
        } else if is_copyright(&member.path) && size <= LARGEST_COPYRIGHT {
            content.read_to_end(&mut start)?;
            found.secrets = secret::in_file(&member.path, &start);
            found.licence = Some(copyright_licences(&String::from_utf8_lossy(&start)));
        } else if size <= MOST_SOURCE && is_python(&member.path, &start) {
            content.read_to_end(&mut start)?;
            found.shebang = shebang(&start);
            let imports = imports::scan(&String::from_utf8_lossy(&start));
            found.imports = Some(imports).filter(|found| reserve(&self.imports_left, found.all.len() as u64));
            found.secrets = secret::in_file(&member.path, &start);
        } else {
            found.shebang = shebang(&start);
            found.secrets = look_for_secrets(member, start, content)?;
        }
        let secrets = found.secrets.len() as u64;
        if !reserve(&self.secrets_left, secrets) {
            found.secrets.clear();
        }
        Ok(found)
    }

    /// ELF's tables lie anywhere, so the file is spooled: in memory while it is small, else in an unnamed file.
    fn look_at_elf(&self, start: &[u8], content: &mut dyn Read, found: &mut Content) -> io::Result<()> {
        let mut spool = tempfile::spooled_tempfile_in(IN_MEMORY, self.temporary_directory);
        spool.write_all(start)?;
        io::copy(content, &mut spool)?;
        found.elf = match ElfFacts::read(&mut spool) {
            Ok(facts) if names(&facts) > MOST_NAMES => Elf::Broken("its tables are absurdly long".to_owned()),
            Ok(facts) => Elf::Facts(Box::new(facts)),
            Err(ElfError::Read(error)) => return Err(error),
            Err(error) => Elf::Broken(error.to_string()),
        };
        spool.seek(SeekFrom::Start(0))?;
        let mut scanner = secret::Scanner::new();
        scanner.read(&mut spool)?;
        found.is_busybox = scanner.has_busybox() && found.elf().is_some_and(ElfFacts::is_program);
        found.secrets = scanner.finish();
        Ok(())
    }
}

/// Bytes that are counted into a checksum as they are read.
struct Hashed<'c> {
    content: &'c mut dyn Read,
    hash: Md5,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

/// Takes `size` from what is left; when there is not so much, nothing more is given to anybody.
fn reserve(left: &AtomicU64, size: u64) -> bool {
    let take = |left: u64| left.checked_sub(size);
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
    if taken.is_err() {
        left.store(0, Ordering::Relaxed);
    }
    taken.is_ok()
}

/// Bytes of names in an ELF file's tables. Each of thousands of entries may point to the same long name.
fn names(facts: &ElfFacts) -> usize {
    let needed = facts.needed.iter().map(String::len);
    let versions =
        facts.version_needs.values().chain([&facts.version_definitions]).flatten().map(String::len);
    needed.chain(versions).sum()
}

/// Small files are looked at with their names in mind, all others as a stream.
fn look_for_secrets(member: &Member, mut start: Vec<u8>, content: &mut dyn Read) -> io::Result<Vec<Secret>> {
    if member.size() <= secret::LARGEST_NAMED && secret::is_telling_name(&member.path) {
        content.read_to_end(&mut start)?;
        return Ok(secret::in_file(&member.path, &start));
    }
    let mut scanner = secret::Scanner::new();
    scanner.read(&mut start.chain(content))?;
    Ok(scanner.finish())
}

/// The rest of a first line that begins with `#!`, as the kernel reads it (binfmt_script: 255 bytes).
fn shebang(start: &[u8]) -> Option<String> {
    let line = start.get(..start.len().min(256))?.strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().to_owned())
}

/// `/usr/share/doc/PACKAGE/copyright` (Debian Policy 12.5).
fn is_copyright(path: &TreePath) -> bool {
    let text = path.to_str_lossy();
    let package = text.strip_prefix("usr/share/doc/").and_then(|rest| rest.strip_suffix("/copyright"));
    package.is_some_and(|package| !package.contains('/'))
}

/// A source that is no part of Python or of a package, or a script for Python.
fn is_python(path: &TreePath, start: &[u8]) -> bool {
    let text = path.to_str_lossy();
    let is_installed = ["site-packages/", "dist-packages/", "lib/python", "usr/share/", "usr/lib/"];
    match text.ends_with(".py") {
        true => !is_installed.iter().any(|place| text.contains(place)),
        false => shebang(start).is_some_and(|line| line.contains("python")),
    }
}

/// Files that facts are made of.
fn is_read_later(path: &TreePath) -> bool {
    let text = path.to_str_lossy();
    let (directory, name) = text.rsplit_once('/').unwrap_or(("", &text));
    match name {
        "passwd" | "group" | "shadow" | "ld.so.cache" | "debian_version" => directory == "etc",
        "os-release" => true,
        "pyvenv.cfg" => true,
        "patchlevel.h" => directory.contains("/include/python3."),
        "status" => directory.ends_with("lib/dpkg"),
        "installed" => directory.ends_with("lib/apk/db"),
        "METADATA" | "WHEEL" | "RECORD" | "direct_url.json" => directory.ends_with(".dist-info"),
        "PKG-INFO" => directory.ends_with(".egg-info"),
        _ if name.starts_with("ld-musl-") => directory == "etc" && name.ends_with(".path"),
        _ if name.ends_with(".list") => directory.ends_with("lib/dpkg/info"),
        _ if name.ends_with(".md5sums") => {
            directory.ends_with("lib/dpkg/info") || directory.ends_with("lib/dpkg/status.d")
        }
        _ => directory.ends_with("lib/dpkg/status.d"),
    }
}

/// Enough for a first line and for telling kinds apart.
const FIRST_BYTES: u64 = 512;
/// Larger ELF files go through a temporary file.
const IN_MEMORY: usize = 8 << 20;
/// The largest copyright files, those of browsers, have 2 MB.
const LARGEST_COPYRIGHT: u64 = 8 << 20;
/// Bytes of one file that is kept: Debian's `status` on a full desktop is 6 MB.
const MOST_OF_ONE: u64 = 32 << 20;
/// Bytes of all files that are kept.
const MOST_KEPT: u64 = 96 << 20;

/// Secrets of all files: whoever has more has one problem.
const MOST_SECRETS: u64 = 10_000;
/// Imports of all sources: a hundred times what large applications have.
const MOST_IMPORTS: u64 = 500_000;
/// Bytes of a source that is read for its imports.
const MOST_SOURCE: u64 = 1 << 20;
/// Bytes of names in one ELF file: ten times what the largest have.
const MOST_NAMES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_are_read_as_the_kernel_reads_them() {
        assert_eq!(shebang(b"#! /bin/sh -e\nx").as_deref(), Some("/bin/sh -e"));
        assert_eq!(shebang(b"#!/usr/bin/env python3").as_deref(), Some("/usr/bin/env python3"));
        assert_eq!(shebang(b"# !/bin/sh"), None);
        assert_eq!(shebang(b""), None);
    }

    #[test]
    fn what_is_kept_ends_somewhere() {
        let looker = Looker::new(Path::new("/nowhere"), Checksums::None);
        assert!(reserve(&looker.left, MOST_KEPT - 1) && !looker.is_exhausted());
        assert!(!reserve(&looker.left, 2) && looker.is_exhausted());
    }
}

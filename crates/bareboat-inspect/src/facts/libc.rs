//! C libraries: which are there, and whether the files that need them would load.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Platform, TreePath};
use bareboat_packages::deb::Architecture;
use bareboat_packages::elf::loader::{CLibrary, LoadReport, Loader, default_directories};
use bareboat_packages::elf::{ElfClass, ElfFacts};
use bareboat_packages::system::ld_so_cache;

use super::Facts;
use crate::knowledge::{Libc, LibcFamily};

/// The C libraries of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Libcs {
    /// glibc's `libc.so.6` with the newest version of symbols that it defines.
    pub glibc: Option<(TreePath, Option<(u16, u16)>)>,
    /// musl's loader, which is the library.
    pub musl: Option<TreePath>,
}

/// A processor, as ELF files and image configurations name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processor {
    /// As images name it.
    pub name: &'static str,
    machine: u16,
    class: ElfClass,
    big_endian: bool,
    /// As musl's file names have it.
    musl: &'static str,
}

const fn processor(name: &'static str, machine: u16, class: ElfClass, musl: &'static str) -> Processor {
    Processor { name, machine, class, big_endian: false, musl }
}

/// `e_machine` numbers of the gABI; names of the OCI image index.
const PROCESSORS: &[Processor] = &[
    processor("amd64", 62, ElfClass::Bits64, "x86_64"),
    processor("arm64", 183, ElfClass::Bits64, "aarch64"),
    processor("386", 3, ElfClass::Bits32, "i386"),
    processor("arm", 40, ElfClass::Bits32, "armhf"),
    processor("ppc64le", 21, ElfClass::Bits64, "powerpc64le"),
    processor("riscv64", 243, ElfClass::Bits64, "riscv64"),
    processor("loong64", 258, ElfClass::Bits64, "loongarch64"),
    Processor { name: "s390x", machine: 22, class: ElfClass::Bits64, big_endian: true, musl: "s390x" },
];

impl Processor {
    /// The processor of a platform, if it is one we know.
    pub fn of(platform: &Platform) -> Option<&'static Self> {
        PROCESSORS.iter().find(|processor| processor.name == platform.architecture)
    }

    /// What a file is for, in the words of images.
    pub fn name_of(facts: &ElfFacts) -> String {
        let known = PROCESSORS.iter().find(|processor| processor.runs(facts));
        known.map_or_else(|| format!("machine {}", facts.machine), |processor| processor.name.to_owned())
    }

    /// True when the file is for it.
    pub fn runs(&self, facts: &ElfFacts) -> bool {
        facts.machine == self.machine && facts.class == self.class && facts.big_endian == self.big_endian
    }
}

impl Libcs {
    pub(super) fn find(facts: &Facts) -> Self {
        let mut libcs = Self::default();
        for (path, elf) in facts.elf() {
            let is_ours = facts.processor().is_none_or(|processor| processor.runs(elf));
            let directory = path.parent().unwrap_or_default();
            let is_system = ["lib", "lib64", "usr/lib", "usr/lib64"].iter().any(|system| {
                let below = TreePath::new(system).ok().and_then(|system| directory.strip_prefix(&system));
                below.is_some_and(|below| below.components().count() <= 1)
            });
            if !is_ours || !is_system {
                continue;
            }
            let name = path.file_name();
            let is_glibc = elf.soname.as_deref() == Some("libc.so.6") || name == b"libc.so.6";
            if is_glibc && libcs.glibc.is_none() {
                libcs.glibc = Some((path.clone(), newest_glibc(&elf.version_definitions)));
            } else if name.starts_with(b"ld-musl-") && libcs.musl.is_none() {
                libcs.musl = Some(path.clone());
            }
        }
        libcs
    }

    /// The C library that the image's programs use, glibc where both are there.
    pub fn main(&self) -> Option<Libc> {
        match (&self.glibc, &self.musl) {
            (Some((_, version)), _) => Some(Libc { family: LibcFamily::Glibc, version: *version }),
            (None, Some(_)) => Some(Libc { family: LibcFamily::Musl, version: None }),
            (None, None) => None,
        }
    }
}

/// `GLIBC_2.36` of `GLIBC_2.2.5`, `GLIBC_2.36`, `GLIBC_PRIVATE`.
fn newest_glibc(definitions: &BTreeSet<String>) -> Option<(u16, u16)> {
    definitions.iter().filter_map(|text| glibc_version(text)).max()
}

/// The numbers of `GLIBC_2.36`.
pub(crate) fn glibc_version(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.strip_prefix("GLIBC_")?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

impl Facts {
    /// The processor the image is for.
    pub fn processor(&self) -> Option<&'static Processor> {
        self.platform.as_ref().and_then(Processor::of)
    }

    /// Architectures whose loader is known; a root file system's is that of its C library.
    fn loader_architecture(&self) -> Option<Architecture> {
        match &self.platform {
            Some(platform) => platform.architecture.parse().ok(),
            None => {
                let libc = self.libcs.glibc.as_ref().map(|(path, _)| path).or(self.libcs.musl.as_ref())?;
                let elf = self.content(libc)?.elf()?;
                Architecture::ALL.into_iter().find(|architecture| elf.is_for(*architecture))
            }
        }
    }
}

/// Follows every ELF file through the loader of the image's C library.
pub(super) fn load(facts: &Facts) -> Option<LoadReport> {
    let architecture = facts.loader_architecture()?;
    let elf = facts.elf();
    let is_musl = facts.libcs.glibc.is_none() && facts.libcs.musl.is_some();
    let host = facts.interpreters.iter().find_map(|interpreter| interpreter.program.clone());
    let library_path = facts.variable("LD_LIBRARY_PATH").unwrap_or_default();
    let loader = Loader {
        tree: facts.tree(),
        elf: &elf,
        architecture,
        // Without a known version the stricter rules would be a guess.
        glibc: facts.libcs.glibc.as_ref().and_then(|(_, version)| *version).unwrap_or((2, 0)),
        libc: if is_musl { CLibrary::Musl } else { CLibrary::Glibc },
        directories: if is_musl { musl_directories(facts) } else { glibc_directories(facts, architecture) },
        library_path: library_path
            .split([':', ';'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        cache: if is_musl { BTreeMap::new() } else { cache(facts) },
        host,
        along: BTreeSet::new(),
    };
    Some(loader.check())
}

/// Debian's loader looks into its multiarch directories; those of other systems with a `lib64` look there.
fn glibc_directories(facts: &Facts, architecture: Architecture) -> Vec<String> {
    let mut directories = Vec::from(default_directories(architecture));
    let multiarch = TreePath::new(format!("usr/lib/{}", architecture.triplet())).unwrap_or_default();
    let is_multiarch = facts
        .libcs
        .glibc
        .as_ref()
        .is_some_and(|(path, _)| path.components().any(|part| part == architecture.triplet().as_bytes()));
    if !is_multiarch && !facts.is_directory(&multiarch) {
        directories.extend(["/lib64", "/usr/lib64"].map(str::to_owned));
    }
    directories
}

/// `/etc/ld-musl-ARCH.path`, separated by colons or line ends, instead of the defaults (musl, ldso/dynlink.c).
fn musl_directories(facts: &Facts) -> Vec<String> {
    let name = facts.processor().map_or("x86_64", |processor| processor.musl);
    let file = facts.at(&format!("/etc/ld-musl-{name}.path"));
    let text = file.and_then(|file| facts.content(&file)?.text().map(|text| text.into_owned()));
    let text = text.unwrap_or_else(|| "/lib:/usr/local/lib:/usr/lib".to_owned());
    text.split([':', '\n']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn cache(facts: &Facts) -> BTreeMap<String, String> {
    let path = facts.at(&format!("/{}", ld_so_cache::PATH));
    let bytes = path.and_then(|path| facts.content(&path)?.bytes.as_deref());
    // The loader ignores a cache it cannot read, too.
    let libraries = bytes.and_then(|bytes| ld_so_cache::parse(bytes).ok()).unwrap_or_default();
    ld_so_cache::plain_paths(&libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_not_words() {
        let versions = ["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.36", "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"];
        assert_eq!(newest_glibc(&versions.map(str::to_owned).into()), Some((2, 36)));
        assert_eq!(newest_glibc(&BTreeSet::new()), None);
    }
}

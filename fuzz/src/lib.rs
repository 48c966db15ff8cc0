//! Every reader of bytes from outside, as a function that must not panic, hang or use unbounded memory whatever it gets.
//!
//! The fuzz targets beside this file call one reader each. `crates/bareboat/tests/hostile_bytes.rs` includes this file
//! and feeds all of them with damaged copies of valid inputs, so that stable builds exercise them too.

mod lint;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use bareboat_dockerfile::{Dockerfile, Ignore};
use bareboat_image::source::{Select, Source};
use bareboat_image::tar::read::{Limits, TarReader};
use bareboat_image::{ImageConfig, Index, Manifest, Reference, TreePath};
use bareboat_inspect::audit::{Auditor, Configuration, Context, Preset, render};
use bareboat_inspect::facts::{Checksums, Facts, Reading};
use bareboat_packages::deb::{self, ArchiveDate, Keyring, ReleaseFile, SuiteRole};
use bareboat_packages::debfile::{Control, DebError, DebReader};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::pypi::{self, LockContext, MarkerEnvironment, ProjectDir, RequirementsFile};
use bareboat_packages::system::ld_so_cache;
use bareboat_packages::wheel::{InstallOptions, VenvLayout, Wheel};

pub use self::lint::{lint, lint_fix};

/// A reader.
pub type Reader = fn(&[u8]);

/// All readers, by the names of their fuzz targets.
pub const READERS: &[(&str, Reader)] = &[
    ("dockerfile", dockerfile),
    ("dockerignore", dockerignore),
    ("lint", lint),
    ("lint_fix", lint_fix),
    ("tar", tar),
    ("deb", deb_package),
    ("deb_control", deb_control),
    ("deb_packages", deb_packages),
    ("deb_release", deb_release),
    ("deb_clearsign", deb_clearsign),
    ("wheel", wheel),
    ("elf", elf),
    ("ld_so_cache", ld_so_cache),
    ("uv_lock", uv_lock),
    ("poetry_lock", poetry_lock),
    ("pdm_lock", pdm_lock),
    ("pipfile_lock", pipfile_lock),
    ("pylock", pylock),
    ("requirements", requirements),
    ("oci_manifest", oci_manifest),
    ("oci_config", oci_config),
    ("image_reference", image_reference),
    ("root_fs", root_fs),
];

/// A Dockerfile is kept byte for byte, and every instruction can be looked at.
pub fn dockerfile(data: &[u8]) {
    let parsed = Dockerfile::parse(data);
    // What is printed is what was read.
    assert_eq!(parsed.file.print(), data);
    assert!(parsed.errors.iter().all(|error| error.span.end <= data.len()), "an error is outside");
    for instruction in parsed.file.instructions() {
        let _ = format!("{:?}", instruction.command.kind);
    }
}

/// `.dockerignore`.
pub fn dockerignore(data: &[u8]) {
    if let Ok(ignore) = Ignore::parse(data) {
        for path in ["a", "a/b.py", "src/deep/er/file.txt", "*"] {
            let _ = ignore.excludes(path);
        }
    }
}

/// A tar archive within bounds, every member's content read.
pub fn tar(data: &[u8]) {
    let limits = Limits { entries: 1000, path: 4096, extension: 1 << 16, bytes: 1 << 24 };
    let mut reader = TarReader::new(data, limits);
    while let Ok(Some(member)) = reader.next_member() {
        let read = io::copy(&mut reader.content(), &mut io::sink()).unwrap_or_default();
        assert!(read <= member.size(), "more content than the header says");
    }
}

/// A Debian package: `ar`, control archive, data archive.
pub fn deb_package(data: &[u8]) {
    let limits = bareboat_packages::debfile::Limits {
        control_bytes: 1 << 20,
        data_bytes: 1 << 24,
        ..Default::default()
    };
    let Ok(mut reader) = DebReader::open_within(Cursor::new(data), limits) else { return };
    let _ = reader.control().source();
    let _ = reader.control_files().conffiles();
    let _ = reader.for_each_entry(|_, content| {
        let _ = io::copy(content, &mut io::sink());
        Ok::<(), DebError>(())
    });
}

/// The control file of a package.
pub fn deb_control(data: &[u8]) {
    if let Ok(control) = Control::parse(data) {
        let _ = (control.package(), control.version(), control.architecture(), control.source());
    }
}

/// Paragraphs of an index, with their relations and versions.
pub fn deb_packages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for paragraph in deb::paragraphs(&text).take(1000) {
        for name in ["Depends", "Pre-Depends", "Provides"] {
            if let Some(clauses) = paragraph.get(name) {
                let _ = deb::parse_clauses(clauses);
            }
        }
        let version = paragraph.get("Version").unwrap_or_default();
        let _ = deb::Version::check(version);
        assert_eq!(deb::compare_versions(version, version), std::cmp::Ordering::Equal);
    }
}

/// A `Release` file.
pub fn deb_release(data: &[u8]) {
    let _ = ReleaseFile::parse(&String::from_utf8_lossy(data), |_| true);
}

/// An `InRelease`: nothing that Debian did not sign may pass.
pub fn deb_clearsign(data: &[u8]) {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    let now = ArchiveDate::from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000));
    let result = deb::verify_cleartext(data, KEYS.get_or_init(Keyring::debian), SuiteRole::Base, now);
    assert!(result.is_err(), "a text that Debian never signed passes");
}

/// A wheel: zip, `RECORD`, metadata, entry points, every member inflated.
pub fn wheel(data: &[u8]) {
    const LARGEST: u64 = 1 << 22;
    let Ok(mut file) = tempfile::tempfile() else { return };
    if file.write_all(data).and_then(|()| file.rewind()).is_err() {
        return;
    }
    let Ok(wheel) = Wheel::open(file) else { return };
    let root = TreePath::new("app/.venv").expect("a constant path");
    let layout = VenvLayout::new(root, (3, 13), "/usr/bin/python3.13").expect("constant names");
    let options = InstallOptions { requested: true, direct_url: None };
    for member in wheel.members(&layout, options).unwrap_or_default() {
        let _ = io::copy(&mut wheel.reader(&member).take(LARGEST), &mut io::sink());
    }
}

/// An ELF file.
pub fn elf(data: &[u8]) {
    if let Ok(facts) = ElfFacts::of_bytes(data) {
        let _ = (facts.is_program(), facts.is_static());
    }
}

/// A loader's cache.
pub fn ld_so_cache(data: &[u8]) {
    if let Ok(libraries) = ld_so_cache::parse(data) {
        let _ = ld_so_cache::plain_paths(&libraries);
    }
}

/// `uv.lock`.
pub fn uv_lock(data: &[u8]) {
    locked("uv.lock", data, |context| drop(pypi::read_uv_lock(context)));
}

/// `poetry.lock`.
pub fn poetry_lock(data: &[u8]) {
    locked("poetry.lock", data, |context| drop(pypi::read_poetry_lock(context)));
}

/// `pdm.lock`.
pub fn pdm_lock(data: &[u8]) {
    locked("pdm.lock", data, |context| drop(pypi::read_pdm_lock(context)));
}

/// `Pipfile.lock`.
pub fn pipfile_lock(data: &[u8]) {
    locked("Pipfile.lock", data, |context| drop(pypi::read_pipfile_lock(context)));
}

/// `pylock.toml`.
pub fn pylock(data: &[u8]) {
    locked("pylock.toml", data, |context| {
        drop(pypi::read_pylock(context.file, context.text, context.environment));
    });
}

fn locked(file: &str, data: &[u8], read: fn(&LockContext<'_>)) {
    let text = String::from_utf8_lossy(data);
    let project = ProjectDir::new(directory());
    let environment = environment();
    read(&LockContext { project: &project, file, text: &text, environment: &environment });
}

/// A requirements file in any encoding; one that includes itself ends.
pub fn requirements(data: &[u8]) {
    let project = ProjectDir::new(directory());
    if std::fs::write(project.root().join("requirements.txt"), data).is_err() {
        return;
    }
    let variables = BTreeMap::from([("TOKEN".to_owned(), "value".to_owned())]);
    if let Ok(file) = RequirementsFile::read(&project, "requirements.txt", &variables) {
        let environment = environment();
        for entry in &file.entries {
            if let pypi::EntryKind::Named(requirement) = &entry.wanted {
                let _ = (requirement.applies(&environment), requirement.to_string());
            }
        }
    }
}

fn environment() -> MarkerEnvironment {
    let python = pypi::PythonVersion::new(3, 13, 5);
    MarkerEnvironment::new(&pypi::Target::new(python, (2, 41), deb::Architecture::Amd64))
}

/// A directory of this process.
fn directory() -> PathBuf {
    static DIRECTORY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = || tempfile::tempdir().expect("a temporary directory can be made");
    DIRECTORY.get_or_init(made).path().to_owned()
}

/// A manifest or an index: what is read can be written, and reads the same again.
pub fn oci_manifest(data: &[u8]) {
    if let Ok(manifest) = Manifest::parse(data) {
        assert_eq!(Manifest::parse(&manifest.to_bytes()).ok().as_ref(), Some(&manifest));
    }
    if let Ok(index) = Index::parse(data) {
        assert_eq!(Index::parse(&index.to_bytes()).ok().as_ref(), Some(&index));
        let _ = index.platforms();
    }
}

/// An image's configuration.
pub fn oci_config(data: &[u8]) {
    if let Ok(config) = ImageConfig::parse(data) {
        assert_eq!(ImageConfig::parse(&config.to_bytes()).ok().as_ref(), Some(&config));
    }
}

/// An image's name: what is shown parses to the same.
pub fn image_reference(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string().parse::<Reference>().ok().as_ref(), Some(&reference));
        assert_eq!(reference.familiar().parse::<Reference>().ok().as_ref(), Some(&reference));
    }
}

/// A root file system, or an image archive: everything that is known of it, and every rule.
pub fn root_fs(data: &[u8]) {
    let Ok(directory) = tempfile::tempdir() else { return };
    let file = directory.path().join("image.tar");
    if std::fs::write(&file, data).is_err() {
        return;
    }
    let limits = Limits { entries: 1000, path: 4096, extension: 1 << 16, bytes: 1 << 24 };
    let Ok(source) = Source::open(&file, directory.path()) else { return };
    let Ok(images) = source.images(&Select::default()) else { return };
    for image in images.iter().take(3) {
        let reading = Reading {
            name: "fuzz",
            temporary_directory: directory.path(),
            limits,
            checksums: Checksums::Md5,
        };
        let Ok(facts) = Facts::read(image, &reading) else { continue };
        let configuration = Configuration { preset: Preset::All, ..Configuration::default() };
        let Ok(auditor) = Auditor::new(configuration) else { return };
        let audit = auditor.audit(&Context { facts: &facts, today: None });
        assert_eq!(facts.sizes.shipped, facts.sizes.visible + facts.sizes.hidden);
        let _ = render::text(&facts, &audit, None);
        let _ = render::json(&[(facts, audit)]);
    }
}

//! The base on real packages: everything is accounted for, slices weigh what they should, and every library loads.

#![allow(clippy::unwrap_used)]

mod debian;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use bareboat_image::TreePath;
use bareboat_packages::deb::Architecture;
use bareboat_packages::debfile::DebReader;
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::elf::loader::{CLibrary, LoadReport, Loader, default_directories};
use bareboat_packages::scripts;
use bareboat_packages::system::slices::{Slice, Slicing};
use bareboat_packages::system::{Release, alternatives, base, sonames};
use bareboat_testkit::full;

use debian::{Root, debs};

const RELEASES: [Release; 2] = [Release::Bookworm, Release::Trixie];

fn base_root(release: Release, architecture: Architecture, slice: Slice) -> Root {
    let packages = base::packages(release, slice);
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    let debs = debs(release.codename(), architecture.debian(), &names);
    Root::compose(&debs, Slicing { slice, ..Slicing::default() })
}

fn load(root: &Root, release: Release, architecture: Architecture) -> LoadReport {
    let elf = root.facts();
    let loader = Loader {
        tree: &root.tree,
        elf: &elf,
        architecture,
        glibc: release.glibc(),
        libc: CLibrary::Glibc,
        directories: default_directories(architecture).into(),
        library_path: Vec::new(),
        cache: BTreeMap::new(),
        host: Some(TreePath::new(format!("usr/bin/python3.{}", release.python_minor())).unwrap()),
        along: BTreeSet::new(),
    };
    loader.check()
}

#[test]
fn every_library_of_the_base_loads_in_every_slice() {
    if !full::wanted("every_library_of_the_base_loads_in_every_slice") {
        return;
    }
    for release in Release::ALL {
        for architecture in [Architecture::Amd64, Architecture::Arm64] {
            for slice in [Slice::Full, Slice::Safe, Slice::Web] {
                let root = base_root(release, architecture, slice);
                let report = load(&root, release, architecture);
                assert_eq!(report.findings, BTreeMap::new(), "{release} {architecture} {slice}");
                assert!(report.libraries.len() > 40);
            }
        }
    }
}

#[test]
fn slices_weigh_what_was_measured() {
    if !full::wanted("slices_weigh_what_was_measured") {
        return;
    }
    // Megabytes of files: full, safe, web. The measurement had no certificates, which are 0.2 MB in `full`; it had
    // libstdc++ (2.3 and 2.6 MB) and, in the slices, libmvec and leap-second time zones (1.7 MB).
    for (release, megabytes) in
        [(Release::Bookworm, [49.6, 36.7, 31.0]), (Release::Trixie, [51.0, 37.6, 33.7])]
    {
        for (slice, expected) in [Slice::Full, Slice::Safe, Slice::Web].into_iter().zip(megabytes) {
            let visible = base_root(release, Architecture::Amd64, slice).visible() as f64 / 1e6;
            let difference = (visible - expected).abs() / expected;
            assert!(difference < 0.06, "{release} {slice}: {visible:.1} MB, measured {expected} MB");
        }
    }
}

#[test]
fn every_script_of_the_base_is_accounted_for() {
    if !full::wanted("every_script_of_the_base_is_accounted_for") {
        return;
    }
    for release in Release::ALL {
        let packages = base::packages(release, Slice::Full);
        let mut names: Vec<&str> = packages.iter().map(|package| package.name).collect();
        names.extend([
            "libc-bin",
            "openssl",
            "libgl1",
            "libodbc2",
            "libpq5",
            "libmagic-mgc",
            "fontconfig-config",
        ]);
        for (package, path) in debs(release.codename(), "amd64", &names) {
            let reader = DebReader::open(fs::File::open(path).unwrap()).unwrap();
            let account = scripts::account(&package, reader.control_files());
            assert_eq!(account.uncovered, Vec::<String>::new(), "{package} of {release}");
        }
    }
}

#[test]
fn real_scripts_with_users_are_reported_and_alternatives_linked() {
    if !full::wanted("real_scripts_with_users_are_reported_and_alternatives_linked") {
        return;
    }
    let debs = debs("trixie", "amd64", &["avahi-daemon", "libblas3", "libopenblas0-pthread"]);
    let account = |package: &str| {
        let reader = DebReader::open(fs::File::open(&debs[package]).unwrap()).unwrap();
        scripts::account(package, reader.control_files())
    };
    assert!(account("avahi-daemon").uncovered.iter().any(|action| action.contains("adduser")));
    let offered = [account("libblas3").alternatives, account("libopenblas0-pthread").alternatives].concat();
    let root = Root::compose(&debs, Slicing::default());
    let links: Vec<String> =
        alternatives::generate(&root.tree, &offered).iter().map(|link| link.describe()).collect();
    let wanted = "/etc/alternatives/libblas.so.3-x86_64-linux-gnu -> \
                  /usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3";
    assert!(links.iter().any(|link| link == wanted), "{links:#?}");
}

#[test]
fn the_soname_table_tells_the_truth() {
    if !full::wanted("the_soname_table_tells_the_truth") {
        return;
    }
    for release in RELEASES {
        for soname in [
            "libGL.so.1",
            "libglib-2.0.so.0",
            "libodbc.so.2",
            "libpq.so.5",
            "libatomic.so.1",
            "libmagic.so.1",
        ] {
            let package = sonames::package(soname, release).unwrap();
            let root = Root::compose(&debs(release.codename(), "amd64", &[package]), Slicing::default());
            let path = TreePath::new(format!("usr/lib/x86_64-linux-gnu/{soname}")).unwrap();
            assert!(root.tree.resolve(&path).is_some(), "{package} of {release} has no {soname}");
        }
    }
}

/// `readelf` of every ELF file against our facts.
#[test]
fn facts_equal_readelf() {
    const NAME: &str = "facts_equal_readelf";
    if !full::wanted(NAME) || !full::has_program(NAME, "readelf") {
        return;
    }
    let root = base_root(Release::Trixie, Architecture::Arm64, Slice::Full);
    let scratch = tempfile::tempdir().unwrap();
    for (path, facts) in root.elf.iter().filter(|(path, _)| !path.to_str_lossy().contains("/gconv/")) {
        let at = scratch.path().join("file");
        fs::write(&at, &root.contents[path]).unwrap();
        let output = Command::new("readelf").args(["-W", "-d", "-V", "-l"]).arg(&at).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(bracketed(&text, "(NEEDED)"), facts.needed, "{path}");
        assert_eq!(bracketed(&text, "(SONAME)").first(), facts.soname.as_ref(), "{path}");
        assert_eq!(bracketed(&text, "(RUNPATH)").first(), facts.runpath.as_ref(), "{path}");
        assert_eq!(
            bracketed(&text, "Requesting program interpreter").first(),
            facts.interpreter.as_ref(),
            "{path}"
        );
        assert_eq!(needs(&text), all_needs(facts), "{path}");
        assert_eq!(definitions(&text), facts.version_definitions, "{path}");
    }
}

/// What stands in square brackets on the lines that hold `mark`.
fn bracketed(text: &str, mark: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains(mark));
    let inner = lines.filter_map(|line| {
        let start = line.rfind('[')?;
        let inner = &line[start + 1..line.rfind(']')?];
        Some(inner.trim_start_matches("Requesting program interpreter: ").to_owned())
    });
    inner.collect()
}

/// `  0x0010:   Name: GLIBC_2.17  Flags: none  Version: 2`
fn needs(text: &str) -> BTreeSet<String> {
    let section = text.split("Version needs section").nth(1).unwrap_or_default();
    let names =
        section.lines().filter(|line| line.contains("Version: ") && line.contains("Name: ")).map(named);
    names.collect()
}

fn all_needs(facts: &ElfFacts) -> BTreeSet<String> {
    facts.version_needs.values().flatten().cloned().collect()
}

/// `  0x001c: Rev: 1  Flags: none  Index: 2  Cnt: 1  Name: GLIBC_2.17`
fn definitions(text: &str) -> BTreeSet<String> {
    let section = text.split("Version definition section").nth(1).unwrap_or_default();
    let section = section.split("Version needs section").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.contains("Rev: ") && !line.contains("Flags: BASE"));
    lines.map(named).collect()
}

fn named(line: &str) -> String {
    let rest = line.split("Name: ").nth(1).unwrap_or_default();
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Debian's own loader, asked in a chroot, against ours.
#[test]
fn libraries_are_found_where_the_real_loader_finds_them() {
    const NAME: &str = "libraries_are_found_where_the_real_loader_finds_them";
    if !full::wanted(NAME) || !full::has_program(NAME, "chroot") {
        return;
    }
    let release = Release::Bookworm;
    let root = base_root(release, Architecture::Amd64, Slice::Full);
    let report = load(&root, release, Architecture::Amd64);
    let scratch = tempfile::tempdir().unwrap();
    root.write(scratch.path());
    let mut compared = 0;
    for path in report.libraries.keys().filter(|path| !path.to_str_lossy().contains("/gconv/")) {
        let mut command = Command::new("chroot");
        command.arg(scratch.path()).args(["/lib64/ld-linux-x86-64.so.2", "--list"]).arg(path.to_string());
        let output = command.output().unwrap();
        if String::from_utf8_lossy(&output.stderr).contains("chroot:") {
            return full::skip(NAME, "it may not call chroot(2)");
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let theirs: BTreeSet<TreePath> = text.lines().filter_map(|line| listed(&root, line)).collect();
        assert_eq!(closure(&report, path), theirs, "{path}: {text}");
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

/// The standard library's modules that a slice may lose, and those that Debian or Linux does not have at all.
#[test]
fn the_standard_library_imports_in_every_slice() {
    const NAME: &str = "the_standard_library_imports_in_every_slice";
    const SCRIPT: &str = "import sys, importlib\n\
        for name in sorted(sys.stdlib_module_names):\n\
        \x20try: importlib.import_module(name)\n\
        \x20except BaseException as error: print(name)\n";
    if !full::wanted(NAME) || !full::has_program(NAME, "chroot") {
        return;
    }
    for release in RELEASES {
        let mut failures = BTreeMap::new();
        for slice in [Slice::Full, Slice::Safe, Slice::Web] {
            let scratch = tempfile::tempdir().unwrap();
            base_root(release, Architecture::Amd64, slice).write(scratch.path());
            let python = format!("/usr/bin/python3.{}", release.python_minor());
            let mut command = Command::new("chroot");
            command
                .arg(scratch.path())
                .arg(python)
                .args(["-I", "-B", "-c", SCRIPT])
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin");
            let output = command.output().unwrap();
            let (text, errors) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            if errors.contains("chroot:") {
                return full::skip(NAME, "it may not call chroot(2)");
            }
            assert!(output.status.success(), "{errors}");
            let failed: BTreeSet<String> =
                text.lines().filter(|line| !line.contains(' ')).map(str::to_owned).collect();
            failures.insert(slice.to_string(), failed);
        }
        let more = |than: &str, slice: &str| -> Vec<&str> {
            failures[slice].difference(&failures[than]).map(String::as_str).collect()
        };
        assert_eq!(more("full", "safe"), ["pydoc_data"], "{release}");
        let terminal = ["_curses", "_curses_panel", "_dbm", "curses", "readline"];
        let old = ["_crypt", "_curses", "_curses_panel", "_dbm", "crypt", "curses", "nis", "readline"];
        let web = if release == Release::Bookworm { &old[..] } else { &terminal[..] };
        assert_eq!(more("safe", "web"), web, "{release}");
    }
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`
fn listed(root: &Root, line: &str) -> Option<TreePath> {
    let path = line.split("=> ").nth(1)?.split(" (").next()?;
    root.tree.resolve(&TreePath::new(path).ok()?)
}

/// Everything `path` loads, without the loader itself, which is there before all.
fn closure(report: &LoadReport, path: &TreePath) -> BTreeSet<TreePath> {
    let mut found = BTreeSet::new();
    let mut pending = vec![path.clone()];
    while let Some(next) = pending.pop() {
        for library in report.libraries.get(&next).into_iter().flat_map(BTreeMap::values) {
            if found.insert(library.clone()) {
                pending.push(library.clone());
            }
        }
    }
    found.retain(|library| !library.to_str_lossy().contains("ld-linux"));
    found
}

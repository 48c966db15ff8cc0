//! Trees of made-up ELF files in, findings out.

use bareboat_image::Entry;
use bareboat_store::Digest;
use bareboat_testkit::elf::{AARCH64, ElfMaker, X86_64};

use super::*;

const LIB: &str = "usr/lib/x86_64-linux-gnu";
const SITE: &str = "app/.venv/lib/python3.13/site-packages";
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

struct World {
    tree: Tree,
    elf: BTreeMap<TreePath, ElfFacts>,
    library_path: Vec<String>,
    cache: BTreeMap<String, String>,
    glibc: (u16, u16),
    along: Vec<String>,
    libc: CLibrary,
    directories: Vec<String>,
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn library(soname: &str) -> ElfMaker {
    ElfMaker::library(X86_64).soname(soname)
}

fn program() -> ElfMaker {
    ElfMaker::program(X86_64, LOADER)
}

/// A C library, a loader and a Python.
fn world() -> World {
    let mut world = World {
        tree: Tree::new(),
        elf: BTreeMap::new(),
        library_path: Vec::new(),
        cache: BTreeMap::new(),
        glibc: (2, 41),
        along: Vec::new(),
        libc: CLibrary::Glibc,
        directories: default_directories(Architecture::Amd64).into(),
    };
    for (link, target) in [("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        world.link(link, target);
    }
    world.link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    world.add(&format!("{LIB}/ld-linux-x86-64.so.2"), library("ld-linux-x86-64.so.2"));
    world.add(
        &format!("{LIB}/libc.so.6"),
        library("libc.so.6").defines_versions(&["GLIBC_2.2.5", "GLIBC_2.34"]),
    );
    world.add("usr/bin/python3.13", program().needs_versions("libc.so.6", &["GLIBC_2.34"]));
    world
}

impl World {
    fn link(&mut self, at: &str, target: &str) {
        self.tree.insert(path(at), Entry::symlink(target));
    }

    fn add(&mut self, at: &str, maker: ElfMaker) {
        let bytes = maker.build();
        self.tree.insert(path(at), Entry::file(Digest::of(&bytes), bytes.len() as u64, 0o755));
        self.elf.insert(path(at), ElfFacts::of_bytes(&bytes).unwrap());
    }

    fn check(&self) -> LoadReport {
        let loader = Loader {
            tree: &self.tree,
            elf: &self.elf.iter().collect(),
            architecture: Architecture::Amd64,
            glibc: self.glibc,
            libc: self.libc,
            directories: self.directories.clone(),
            library_path: self.library_path.clone(),
            cache: self.cache.clone(),
            host: Some(path("usr/bin/python3.13")),
            along: self.along.iter().map(|at| path(at)).collect(),
        };
        loader.check()
    }

    /// Every finding as a sentence.
    fn faults(&self) -> Vec<String> {
        let findings = self.check().findings;
        findings
            .iter()
            .flat_map(|(path, findings)| findings.iter().map(move |finding| format!("{path} {finding}")))
            .collect()
    }

    /// Where `name` was found for `from`.
    fn found(&self, from: &str, name: &str) -> Option<String> {
        let report = self.check();
        report.libraries.get(&path(from))?.get(name).map(ToString::to_string)
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_sound_tree_has_no_faults() {
    let world = world();
    assert_eq!(world.faults(), NOTHING);
    assert_eq!(world.found("usr/bin/python3.13", "libc.so.6").unwrap(), format!("/{LIB}/libc.so.6"));
}

#[test]
fn a_missing_library_is_named_with_who_needs_it_and_where_it_was_searched() {
    let mut world = world();
    world.add(
        &format!("{SITE}/cv2/cv2.abi3.so"),
        ElfMaker::library(X86_64).needs("libGL.so.1").runpath("$ORIGIN/../libs"),
    );
    assert_eq!(
        world.faults(),
        [format!("/{SITE}/cv2/cv2.abi3.so needs `libGL.so.1`, which is nowhere in the image")]
    );
    let report = world.check();
    let [Finding::MissingLibrary { searched, .. }] = &report.findings.values().next().unwrap()[..] else {
        panic!("{report:?}")
    };
    let triplet = "x86_64-linux-gnu";
    assert_eq!(
        *searched,
        [
            format!("/{SITE}/cv2/../libs"),
            format!("/lib/{triplet}"),
            format!("/usr/lib/{triplet}"),
            "/lib".into(),
            "/usr/lib".into()
        ]
    );
    assert_eq!(report.missing_libraries().keys().copied().collect::<Vec<_>>(), ["libGL.so.1"]);
}

#[test]
fn wrong_versions_are_named() {
    let mut world = world();
    world
        .add(&format!("{SITE}/x.so"), ElfMaker::library(X86_64).needs_versions("libc.so.6", &["GLIBC_2.38"]));
    assert_eq!(
        world.faults(),
        [format!(
            "/{SITE}/x.so wants version `GLIBC_2.38` of `libc.so.6`, which `/{LIB}/libc.so.6` does not define"
        )]
    );
}

#[test]
fn a_library_without_versions_is_let_pass() {
    let mut world = world();
    world.add(&format!("{LIB}/libz.so.1"), library("libz.so.1"));
    world.add(&format!("{LIB}/libx.so"), library("libx.so").needs_versions("libz.so.1", &["ZLIB_1.2.9"]));
    assert_eq!(world.faults(), NOTHING);
}

#[test]
fn origin_follows_links_as_the_kernel_does() {
    let mut world = world();
    world.link("opt/app", "../srv/real");
    world.add("srv/libs/libown.so.1", library("libown.so.1"));
    world.add("srv/real/main", program().needs("libown.so.1").runpath("${ORIGIN}/../libs"));
    assert_eq!(world.found("srv/real/main", "libown.so.1").unwrap(), "/srv/libs/libown.so.1");
}

#[test]
fn rpath_is_inherited_and_runpath_is_not() {
    for (inherits, main) in [(true, program().rpath("/opt/lib")), (false, program().runpath("/opt/lib"))] {
        let mut world = world();
        world.add("usr/bin/main", main.needs("libfirst.so"));
        world.add("opt/lib/libfirst.so", library("libfirst.so").needs("libsecond.so"));
        world.add("opt/lib/libsecond.so", library("libsecond.so"));
        assert_eq!(world.found("opt/lib/libfirst.so", "libsecond.so").is_some(), inherits);
    }
}

#[test]
fn rpath_is_ignored_beside_a_runpath() {
    let mut world = world();
    world.add("usr/bin/main", program().rpath("/opt/lib").runpath("/opt/none").needs("libfirst.so"));
    world.add("opt/lib/libfirst.so", library("libfirst.so"));
    assert_eq!(world.found("usr/bin/main", "libfirst.so"), None);
}

#[test]
fn the_order_is_rpath_environment_runpath_cache_default() {
    let mut world = world();
    for directory in ["opt/a", "opt/b", "opt/c", LIB] {
        world.add(&format!("{directory}/libx.so.1"), library("libx.so.1"));
    }
    let found = |world: &World| world.found("usr/bin/main", "libx.so.1").unwrap();
    world.add("usr/bin/main", program().needs("libx.so.1"));
    assert_eq!(found(&world), format!("/{LIB}/libx.so.1"));
    world.cache.insert("libx.so.1".into(), "/opt/c/libx.so.1".into());
    assert_eq!(found(&world), "/opt/c/libx.so.1");
    world.add("usr/bin/main", program().needs("libx.so.1").runpath("/opt/b"));
    assert_eq!(found(&world), "/opt/b/libx.so.1");
    world.library_path.push("/opt/a".into());
    assert_eq!(found(&world), "/opt/a/libx.so.1");
    world.add("usr/bin/main", program().needs("libx.so.1").rpath("/opt/b"));
    assert_eq!(found(&world), "/opt/b/libx.so.1");
}

#[test]
fn what_the_interpreter_has_loaded_is_there_for_its_modules() {
    let mut world = world();
    world.add(
        "usr/bin/python3.13",
        program().needs("libc.so.6").needs("libpython3.13.so.1.0").rpath("/opt/python"),
    );
    world.add("opt/python/libpython3.13.so.1.0", library("libpython3.13.so.1.0"));
    world.add(
        &format!("{SITE}/x.so"),
        ElfMaker::library(X86_64).needs("libpython3.13.so.1.0").runpath("/none"),
    );
    assert_eq!(world.faults(), NOTHING);
}

#[test]
fn a_bundled_library_is_judged_in_the_company_that_loads_it() {
    let mut world = world();
    // The second library of the bundle has no path of its own: the module's DT_RPATH finds it.
    world.add(
        &format!("{SITE}/m/_m.so"),
        ElfMaker::library(X86_64).needs("liba-1.so").rpath("$ORIGIN/../m.libs"),
    );
    world.add(&format!("{SITE}/m.libs/liba-1.so"), library("liba-1.so").needs("libb-1.so"));
    world.add(&format!("{SITE}/m.libs/libb-1.so"), library("libb-1.so"));
    assert_eq!(world.faults(), NOTHING);
}

#[test]
fn a_library_that_only_a_neighbour_has_is_uncertain() {
    let mut world = world();
    world.add(&format!("{SITE}/torch/lib/libtorch.so"), library("libtorch.so"));
    world.add(&format!("{SITE}/vision/_C.so"), ElfMaker::library(X86_64).needs("libtorch.so"));
    let report = world.check();
    let findings = &report.findings[&path(&format!("{SITE}/vision/_C.so"))];
    assert!(findings.iter().all(Finding::is_uncertain));
    assert!(report.missing_libraries().is_empty());
}

#[test]
fn a_library_outside_the_search_path_is_missing_and_shown() {
    let mut world = world();
    world.add(&format!("{LIB}/blas/libblas.so.3"), library("libblas.so.3"));
    world.add("usr/bin/main", program().needs("libblas.so.3"));
    assert_eq!(
        world.faults(),
        [format!(
            "/usr/bin/main needs `libblas.so.3`, which is at `/{LIB}/blas/libblas.so.3`, where the loader does not look"
        )]
    );
}

#[test]
fn foreign_files_are_named_and_passed_over() {
    let mut world = world();
    world.add("opt/lib/libx.so.1", ElfMaker::library(AARCH64).soname("libx.so.1"));
    world.add(&format!("{LIB}/libx.so.1"), library("libx.so.1"));
    world.add("usr/bin/main", program().needs("libx.so.1").runpath("/opt/lib"));
    assert_eq!(world.faults(), ["/opt/lib/libx.so.1 is for arm64, the image for amd64"]);
    assert_eq!(world.found("usr/bin/main", "libx.so.1").unwrap(), format!("/{LIB}/libx.so.1"));
}

#[test]
fn a_program_without_its_loader_is_named() {
    let mut world = world();
    world.add("usr/bin/alpine", ElfMaker::program(X86_64, "/lib/ld-musl-x86_64.so.1"));
    assert_eq!(
        world.faults(),
        ["/usr/bin/alpine wants the loader `/lib/ld-musl-x86_64.so.1`, which is not in the image"]
    );
    let findings = world.check().findings;
    assert!(findings.values().next().unwrap()[0].hint().unwrap().contains("musl"));
}

#[test]
fn executable_stacks_are_refused_from_glibc_2_41_on() {
    let mut world = world();
    world.add(&format!("{SITE}/old.so"), ElfMaker::library(X86_64).executable_stack());
    assert_eq!(world.faults().len(), 1);
    world.glibc = (2, 36);
    assert_eq!(world.faults(), NOTHING);
}

#[test]
fn a_needed_path_is_taken_as_it_is() {
    let mut world = world();
    world.add("opt/x/libown.so", library("libown.so"));
    world.add("opt/x/main", program().needs("$ORIGIN/libown.so"));
    world.add("opt/x/other", program().needs("build/libown.so"));
    assert_eq!(world.found("opt/x/main", "$ORIGIN/libown.so").unwrap(), "/opt/x/libown.so");
    assert_eq!(world.faults(), ["/opt/x/other needs `build/libown.so`, which is nowhere in the image"]);
}

#[test]
fn driver_libraries_are_left_to_the_host() {
    let mut world = world();
    world.add(
        &format!("{SITE}/torch/lib/libtorch_cuda.so"),
        library("libtorch_cuda.so").needs("libcuda.so.1"),
    );
    let findings = world.check().findings;
    assert!(findings.values().flatten().all(Finding::is_uncertain));
    assert_eq!(findings.len(), 1);
}

#[test]
fn circles_end() {
    let mut world = world();
    world.add(&format!("{LIB}/liba.so"), library("liba.so").needs("libb.so"));
    world.add(&format!("{LIB}/libb.so"), library("libb.so").needs("liba.so"));
    assert_eq!(world.faults(), NOTHING);
}

#[test]
fn what_came_along_counts_once_something_loads_it() {
    let mut world = world();
    let (along, program) = (format!("{LIB}/libgio-2.0.so.0"), "usr/libexec/gio-launch");
    world.add(&along, library("libgio-2.0.so.0").needs("libmount.so.1"));
    world.add(program, self::program().needs("libgio-2.0.so.0"));
    world.along = vec![along.clone(), program.to_owned()];
    assert_eq!(
        world.faults(),
        [format!(
            "/{along} needs `libmount.so.1`, which is nowhere in the image, and nothing loads the file itself"
        )]
    );
    assert!(world.check().findings.values().flatten().all(Finding::is_uncertain));
    assert!(world.check().missing_libraries().is_empty());
    world.add(&format!("{SITE}/gi.so"), ElfMaker::library(X86_64).needs("libgio-2.0.so.0"));
    assert_eq!(world.check().missing_libraries().keys().copied().collect::<Vec<_>>(), ["libmount.so.1"]);
}

/// Alpine's tree: musl is its own loader.
fn musl_world() -> World {
    let mut world = World {
        tree: Tree::new(),
        elf: BTreeMap::new(),
        libc: CLibrary::Musl,
        directories: ["/lib", "/usr/local/lib", "/usr/lib"].map(str::to_owned).into(),
        ..world()
    };
    world.add("lib/ld-musl-x86_64.so.1", library("libc.musl-x86_64.so.1"));
    world.link("lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1");
    let python = ElfMaker::program(X86_64, "/lib/ld-musl-x86_64.so.1").needs("libc.musl-x86_64.so.1");
    world.add("usr/bin/python3.13", python);
    world
}

#[test]
fn musl_is_the_c_library_under_all_its_names_and_run_paths_are_inherited() {
    let mut world = musl_world();
    world.add(
        "opt/x/tool",
        ElfMaker::program(X86_64, "/lib/ld-musl-x86_64.so.1").needs("liba.so").runpath("$ORIGIN"),
    );
    world.add("opt/x/liba.so", library("liba.so").needs("libb.so").needs("libpthread.so.0"));
    world.add("opt/x/libb.so", library("libb.so").needs("libc.so.6"));
    assert_eq!(world.faults(), NOTHING);
    assert_eq!(world.found("opt/x/liba.so", "libb.so").unwrap(), "/opt/x/libb.so");
    assert_eq!(world.found("opt/x/libb.so", "libc.so.6").unwrap(), "/lib/ld-musl-x86_64.so.1");
    world.libc = CLibrary::Glibc;
    assert!(world.faults().iter().any(|fault| fault.contains("`libb.so`")), "glibc's are not inherited");
}

//! The debug variant is the standard one and one layer more.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use bareboat_build::app::compose::{Composition, Decisions, Inputs, compose};
use bareboat_build::app::options::{self, Options};
use bareboat_build::app::{config::Config, target::Target};
use bareboat_build::cut::{CutLayer, cut};
use bareboat_build::plan::MTIME;
use bareboat_build::solve::Context;
use bareboat_image::{Compression, Entry, Kind, Platform, Tree, TreePath};
use bareboat_packages::deb::DebianRelease;
use bareboat_store::{Digest, Store};
use bareboat_testkit::deb::DebMaker;
use bareboat_testkit::elf::{ElfMaker, X86_64};

struct Made {
    composition: Composition,
    layers: Vec<CutLayer>,
}

type Package = (String, String, Digest);

fn package(store: &Store, name: &str, maker: DebMaker) -> Package {
    (name.to_owned(), "1".to_owned(), store.insert(&maker.build()).unwrap())
}

fn busybox(store: &Store) -> Package {
    let mut program = ElfMaker::static_program(X86_64).build();
    program.extend(b"..[\0[[\0cat\0ls\0sh\0\0");
    let maker = DebMaker::new("busybox-static", "1", "amd64")
        .file("usr/bin/busybox", 0o755, program)
        .file("usr/share/doc/busybox-static/copyright", 0o644, "free")
        .file("usr/share/doc/busybox-static/changelog.gz", 0o644, "old");
    package(store, "busybox-static", maker)
}

/// Composes and cuts a small image: two packages and an application.
fn make(store: &Store, also: &[Package], tools: &[Package]) -> Made {
    let libc = ElfMaker::library(X86_64).soname("libc.so.6").build();
    let libc = DebMaker::new("libc6", "1", "amd64").file("usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, libc);
    let base =
        DebMaker::new("base-files", "1", "amd64").file("usr/share/doc/base-files/copyright", 0o644, "free");
    let mut packages = vec![package(store, "libc6", libc), package(store, "base-files", base)];
    packages.extend(also.iter().cloned());
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("main.py"), "print()").unwrap();
    let mut application = Tree::new();
    let path = TreePath::new("app/main.py").unwrap();
    application.insert(path, Entry::file(Digest::of(b"print()"), 7, 0o644));
    let decisions: Decisions = options::decisions(&Options::default(), &Config::default()).unwrap();
    let context = Context {
        store,
        compression: Compression::Gzip,
        application: directory.path(),
        application_mtime: MTIME,
        interpreter: None,
        sources: Default::default(),
        solved: Default::default(),
        observer: &|_| {},
    };
    let inputs = Inputs {
        target: Target::new(DebianRelease::Trixie, &Platform::linux("amd64")).unwrap(),
        packages: &packages,
        tools,
        wheels: &[],
        application: &application,
        environment: &Tree::new(),
        decisions: &decisions,
    };
    let composition = compose(&context, &inputs).unwrap();
    let Composition { steps, pieces, merged, layers, .. } = &composition;
    let layers = cut(&context, layers, steps, pieces, &merged.tree).unwrap();
    Made { composition, layers }
}

fn digests(made: &Made) -> Vec<(String, Digest)> {
    made.layers.iter().map(|layer| (layer.name.clone(), layer.layer.digest)).collect()
}

fn kind(made: &Made, path: &str) -> Option<Kind> {
    made.composition.merged.tree.get(&TreePath::new(path).unwrap()).map(|entry| entry.kind.clone())
}

#[test]
fn every_other_layer_is_the_same_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let standard = make(&store, &[], &[]);
    let debug = make(&store, &[], &[busybox(&store)]);
    let (standard, debug_layers) = (digests(&standard), digests(&debug));
    assert_eq!(debug_layers[..standard.len()], standard[..]);
    assert_eq!(debug_layers.len(), standard.len() + 1);
    assert_eq!(debug_layers.last().unwrap().0, "debug");
    let below: BTreeMap<_, _> =
        debug.composition.merged.tree.below(&TreePath::new("busybox").unwrap()).collect();
    let names: Vec<String> = below.keys().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["/busybox/[", "/busybox/[[", "/busybox/busybox", "/busybox/cat", "/busybox/ls", "/busybox/sh"]
    );
    assert_eq!(kind(&debug, "busybox/sh"), Some(Kind::Symlink { target: "busybox".to_owned() }));
    for recorded in ["usr/share/doc/busybox-static/copyright", "var/lib/dpkg/status.d/busybox-static"] {
        assert!(matches!(kind(&debug, recorded), Some(Kind::File { .. })), "{recorded}");
    }
    assert_eq!(kind(&debug, "usr/bin/busybox"), None);
    assert_eq!(kind(&debug, "usr/share/doc/busybox-static/changelog.gz"), None);
}

#[test]
fn an_image_that_has_the_package_already_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let package = busybox(&store);
    let standard = digests(&make(&store, std::slice::from_ref(&package), &[]));
    let debug = make(&store, std::slice::from_ref(&package), std::slice::from_ref(&package));
    assert_eq!(digests(&debug)[..standard.len()], standard[..]);
    assert!(matches!(kind(&debug, "usr/bin/busybox"), Some(Kind::File { .. })));
    assert!(matches!(kind(&debug, "busybox/busybox"), Some(Kind::File { .. })));
}

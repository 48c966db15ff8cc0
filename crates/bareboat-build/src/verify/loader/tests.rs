//! Made-up wheels and packages in, faults and notes out.

use std::sync::{Arc, Mutex};

use bareboat_image::{Entry, Platform};
use bareboat_packages::deb::{ArchiveKind, DebianRelease, LockedDeb};
use bareboat_store::Digest;
use bareboat_testkit::elf::{AARCH64, ElfMaker, X86_64};

use super::*;
use crate::merge::merge;
use crate::piece::{Piece, PythonFacts};
use crate::plan::{Op, Place, Step};

const LIB: &str = "usr/lib/x86_64-linux-gnu";
const SITE: &str = "app/.venv/lib/python3.13/site-packages";

/// Who brings what: for a wheel its tags, then paths with files.
type Brought<'a> = (Origin, &'a [&'a str], &'a [(String, ElfMaker)]);

fn composition(brought: &[Brought<'_>]) -> Composition {
    let mut composition = Composition {
        steps: Vec::new(),
        pieces: Vec::new(),
        merged: Default::default(),
        layers: Vec::new(),
        reasons: Default::default(),
    };
    for (origin, tags, files) in brought {
        let mut piece = Piece::empty();
        if let Origin::Python { .. } = origin {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            piece.python = Some(PythonFacts { tags, ..PythonFacts::default() });
        }
        for (path, maker) in *files {
            let (path, bytes) = (TreePath::new(path).unwrap(), maker.clone().build());
            piece.tree.insert(path.clone(), Entry::file(Digest::of(&bytes), bytes.len() as u64, 0o755));
            piece.elf.insert(path, ElfFacts::of_bytes(&bytes).unwrap());
        }
        let op = Op::Files { tree: piece.tree.clone(), from: Place::Store };
        composition.steps.push(Step { op, origin: origin.clone() });
        composition.pieces.push(Arc::new(piece));
    }
    composition.merged = merge(&composition.pieces);
    composition
}

fn package(name: &str) -> Origin {
    Origin::Debian { name: name.to_owned(), version: "1".to_owned() }
}

fn wheel(name: &str) -> Origin {
    Origin::Python { name: name.to_owned(), version: "1".to_owned() }
}

fn library(soname: &str) -> ElfMaker {
    ElfMaker::library(X86_64).soname(soname)
}

fn locked(name: &str, soname: &str) -> LockedDeb {
    LockedDeb {
        name: name.to_owned(),
        version: "1".parse().unwrap(),
        architecture: "amd64".to_owned(),
        archive: ArchiveKind::Main,
        path: String::new(),
        sha256: Digest::of(b""),
        size: 0,
        reason: String::new(),
        sonames: vec![soname.to_owned()],
    }
}

/// Faults as `path: what / hint`, then notes.
fn judged(composition: &Composition, packages: Vec<LockedDeb>) -> (Vec<String>, Vec<String>, Proof) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let target = Target::new(DebianRelease::Trixie, &Platform::linux("amd64")).unwrap();
    let locked = Locked { packages, ..Locked::default() };
    let report = load(composition, &locked, target, "", &store).unwrap();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&notes);
    let observer = move |event: Event| {
        if let Event::Decision { text } = event {
            seen.lock().unwrap().push(text);
        }
    };
    let (mut proof, mut faults) = (Proof::default(), Vec::new());
    judge(&report, composition, target, &observer, &mut proof, &mut faults);
    let faults = faults.iter().map(|fault| format!("{}: {} / {}", fault.path, fault.what, fault.hint));
    let faults = faults.collect();
    let notes = notes.lock().unwrap().clone();
    (faults, notes, proof)
}

#[test]
fn a_missing_library_is_named_with_the_package_to_add() {
    let module = format!("{SITE}/cv2/cv2.abi3.so");
    let composition = composition(&[(
        wheel("opencv-python"),
        &["cp37-abi3-manylinux_2_28_x86_64"],
        &[(module.clone(), ElfMaker::library(X86_64).needs("libGL.so.1"))],
    )]);
    let (faults, notes, proof) = judged(&composition, Vec::new());
    let searched = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"].join(", ");
    assert_eq!(
        faults,
        [format!(
            "/{module}: needs `libGL.so.1`, which is nowhere in the image; the loader looks in {searched} \
             / add `libgl1` to `packages` in `bareboat.toml`"
        )]
    );
    assert_eq!((notes.len(), proof.elf_files), (0, 0));
}

#[test]
fn what_came_along_with_a_library_is_unknown_until_something_loads_it() {
    let glib = [
        (format!("{LIB}/libglib-2.0.so.0"), library("libglib-2.0.so.0")),
        (format!("{LIB}/libgio-2.0.so.0"), library("libgio-2.0.so.0").needs("libmount.so.1")),
    ];
    let module = |needs: &str| [(format!("{SITE}/x.so"), ElfMaker::library(X86_64).needs(needs))];
    let with = |needs: &str| {
        let module = module(needs);
        let composition = composition(&[
            (package("libglib2.0-0t64"), &[], &glib),
            (wheel("x"), &["cp313-cp313-manylinux_2_28_x86_64"], &module),
        ]);
        judged(&composition, vec![locked("libglib2.0-0t64", needs)])
    };
    let (faults, notes, proof) = with("libglib-2.0.so.0");
    assert_eq!((faults.len(), proof.elf_files, proof.unknown_elf_files), (0, 2, 1));
    assert!(notes[0].ends_with("nothing loads the file itself"), "{notes:?}");
    let (faults, ..) = with("libgio-2.0.so.0");
    assert!(faults[0].ends_with("/ add `libmount1` to `packages` in `bareboat.toml`"), "{faults:?}");
}

#[test]
fn files_for_other_machines_are_data_only_where_a_wheel_is_for_any() {
    let foreign = [(format!("{SITE}/native-arm64.so"), ElfMaker::library(AARCH64))];
    let any = composition(&[(wheel("x"), &["py3-none-any"], &foreign)]);
    let (faults, notes, _) = judged(&any, Vec::new());
    assert_eq!(faults, Vec::<String>::new());
    assert!(notes[0].ends_with("is for arm64, the image for amd64; taken as data of its distribution"));
    let wrong = composition(&[(wheel("x"), &["cp313-cp313-manylinux_2_28_x86_64"], &foreign)]);
    let (faults, ..) = judged(&wrong, Vec::new());
    assert_eq!(
        faults,
        [format!("/{SITE}/native-arm64.so: is for arm64, the image for amd64 / use one built for amd64")]
    );
}

#[test]
fn a_library_where_the_loader_does_not_look_is_shown_with_the_variable_to_set() {
    let files = [
        (format!("{LIB}/blas/libblas.so.3"), library("libblas.so.3")),
        ("usr/bin/solve".to_owned(), ElfMaker::library(X86_64).needs("libblas.so.3")),
    ];
    let (faults, ..) = judged(&composition(&[(package("x"), &[], &files)]), Vec::new());
    let hint = format!("set `LD_LIBRARY_PATH = \"/{LIB}/blas\"` under `[env]` in `bareboat.toml`");
    assert!(faults[0].ends_with(&hint), "{faults:?}");
}

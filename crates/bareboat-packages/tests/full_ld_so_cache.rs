//! Our loader cache against Debian's own `ldconfig`, byte for byte, on composed roots.

#![allow(clippy::unwrap_used)]

mod debian;

use std::fs;
use std::process::Command;

use bareboat_packages::deb::Architecture;
use bareboat_packages::debfile::DebReader;
use bareboat_packages::system::base;
use bareboat_packages::system::slices::{Slice, Slicing};
use bareboat_packages::system::{Release, ld_so_cache};
use bareboat_testkit::elf::{ElfMaker, X86_64};
use bareboat_testkit::full;

use debian::{Root, debs};

/// Composes the base with `libc-bin`, runs its `ldconfig` on it and compares.
fn compare(release: Release, architecture: Architecture, add: impl FnOnce(&mut Root)) {
    let base = base::packages(release, Slice::Full);
    let mut names: Vec<&str> = base.iter().map(|package| package.name).collect();
    names.push("libc-bin");
    let debs = debs(release.codename(), architecture.debian(), &names);
    let slicing = Slicing { slice: Slice::Full, ..Slicing::default() };
    let mut root = Root::compose(&debs, slicing);
    add(&mut root);
    let libc = DebReader::open(fs::File::open(&debs["libc6"]).unwrap()).unwrap();
    let version = libc.control().version();
    let ours = ld_so_cache::write(&root.tree, &root.facts(), architecture, Some(version));

    let scratch = tempfile::tempdir().unwrap();
    root.write(scratch.path());
    let ldconfig = scratch.path().join("usr/sbin/ldconfig");
    let mut command = match architecture {
        Architecture::Amd64 => Command::new(&ldconfig),
        Architecture::Arm64 => {
            let mut command = Command::new("qemu-aarch64-static");
            command.arg(&ldconfig);
            command
        }
    };
    let status = command.arg("-r").arg(scratch.path()).arg("-X").status().unwrap();
    assert!(status.success());
    let theirs = fs::read(scratch.path().join("etc/ld.so.cache")).unwrap();
    assert_eq!(ld_so_cache::parse(&ours), ld_so_cache::parse(&theirs));
    assert!(ours == theirs, "same entries, other bytes");
    assert!(ld_so_cache::parse(&ours).unwrap().len() > 30);
}

#[test]
fn equals_ldconfig_of_debian_13() {
    if full::wanted("equals_ldconfig_of_debian_13") {
        compare(Release::Trixie, Architecture::Amd64, |_| {});
    }
}

#[test]
fn equals_ldconfig_of_debian_12() {
    if full::wanted("equals_ldconfig_of_debian_12") {
        compare(Release::Bookworm, Architecture::Amd64, |_| {});
    }
}

#[test]
fn equals_ldconfig_of_arm64() {
    const NAME: &str = "equals_ldconfig_of_arm64";
    if full::wanted(NAME) && full::has_program(NAME, "qemu-aarch64-static") {
        compare(Release::Trixie, Architecture::Arm64, |_| {});
    }
}

#[test]
fn equals_ldconfig_with_unusual_libraries() {
    if !full::wanted("equals_ldconfig_with_unusual_libraries") {
        return;
    }
    compare(Release::Trixie, Architecture::Amd64, |root| {
        let multiarch = "usr/lib/x86_64-linux-gnu";
        let library = |soname: &str| ElfMaker::library(X86_64).soname(soname);
        for (path, maker) in [
            (format!("{multiarch}/libone.so.1.2.3"), library("libone.so.1")),
            (format!("{multiarch}/libtwo.so.1.1"), library("libtwo.so.1")),
            (format!("{multiarch}/libtwo.so.1.10"), library("libtwo.so.1")),
            (format!("{multiarch}/libnone.so"), ElfMaker::library(X86_64)),
            (format!("{multiarch}/lib1.so.1"), library("lib1.so.1")),
            (format!("{multiarch}/lib+1.so.1"), library("lib+1.so.1")),
            (format!("{multiarch}/glibc-hwcaps/x86-64-v2/libone.so.1.2.3"), library("libone.so.1")),
            (
                format!("{multiarch}/glibc-hwcaps/x86-64-v3/libone.so.1.2.3"),
                library("libone.so.1").isa_level(2),
            ),
            (format!("{multiarch}/sub/libreal.so.5.1"), library("libreal.so.5")),
            ("usr/local/lib/libone.so.1".to_owned(), library("libone.so.1")),
            ("usr/local/lib/libdifferent.so.1".to_owned(), library("libother.so.7")),
            ("usr/lib/libone.so.1".to_owned(), library("libone.so.1")),
        ] {
            root.add_file(&path, maker.build());
        }
        for (path, target) in [
            ("libone.so.1", "libone.so.1.2.3"),
            ("libone.so", "libone.so.1"),
            ("libtwo.so.1", "libtwo.so.1.10"),
            ("libalias.so", "libone.so.1"),
            ("libabs.so.1", "sub/libreal.so.5.1"),
            ("libdangling.so.1", "/nowhere"),
        ] {
            root.add_link(&format!("{multiarch}/{path}"), target);
        }
    });
}

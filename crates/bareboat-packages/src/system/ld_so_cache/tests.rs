//! Trees in, cache lines out. The bytes themselves are compared with `ldconfig` in `tests/full_ld_so_cache.rs`.

use std::cmp::Ordering;

use bareboat_image::Entry;
use bareboat_store::Digest;
use bareboat_testkit::elf::{AARCH64, ElfMaker, X86_64};

use super::*;

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// A merged tree with links and libraries, and its facts.
fn tree(links: &[(&str, &str)], files: &[(&str, ElfMaker)]) -> (Tree, BTreeMap<TreePath, ElfFacts>) {
    let mut tree = Tree::new();
    let mut facts = BTreeMap::new();
    for &(at, target) in links.iter().chain(&[("lib", "usr/lib")]) {
        tree.insert(path(at), Entry::symlink(target));
    }
    for (at, maker) in files {
        let bytes = maker.build();
        tree.insert(path(at), Entry::file(Digest::of(&bytes), bytes.len() as u64, 0o644));
        facts.insert(path(at), ElfFacts::of_bytes(&bytes).unwrap());
    }
    (tree, facts)
}

fn borrowed(facts: &BTreeMap<TreePath, ElfFacts>) -> BTreeMap<&TreePath, &ElfFacts> {
    facts.iter().collect()
}

fn lines(links: &[(&str, &str)], files: &[(&str, ElfMaker)]) -> Vec<String> {
    let (tree, facts) = tree(links, files);
    let bytes = write(&tree, &borrowed(&facts), Architecture::Amd64, Some("2.41-12+deb13u5"));
    let libraries = parse(&bytes).unwrap();
    let hwcaps = |library: &CachedLibrary| library.hwcaps.clone().map(|name| format!(" [{name}]"));
    let line = |library: &CachedLibrary| {
        format!("{} {}{}", library.name, library.path, hwcaps(library).unwrap_or_default())
    };
    libraries.iter().map(line).collect()
}

fn library(soname: &str) -> ElfMaker {
    ElfMaker::library(X86_64).soname(soname)
}

#[test]
fn lists_sonames_and_development_links_in_descending_order() {
    let lines = lines(
        &[
            ("usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.3"),
            ("usr/lib/x86_64-linux-gnu/libz.so", "libz.so.1.3"),
            ("usr/lib/x86_64-linux-gnu/libother.so", "libz.so.1.3"),
        ],
        &[
            ("usr/lib/x86_64-linux-gnu/libz.so.1.3", library("libz.so.1")),
            ("usr/lib/x86_64-linux-gnu/liba.so.10", library("liba.so.10")),
            ("usr/lib/x86_64-linux-gnu/liba.so.9", library("liba.so.9")),
            ("usr/lib/x86_64-linux-gnu/libdb-5.3.so", ElfMaker::library(X86_64)),
            ("usr/lib/x86_64-linux-gnu/plugin.so", library("plugin.so")),
            ("usr/local/lib/libz.so.1", library("libz.so.1")),
        ],
    );
    assert_eq!(
        lines,
        [
            "libz.so.1 /usr/local/lib/libz.so.1",
            "libz.so.1 /lib/x86_64-linux-gnu/libz.so.1",
            "libz.so /lib/x86_64-linux-gnu/libz.so",
            "libdb-5.3.so /lib/x86_64-linux-gnu/libdb-5.3.so",
            "liba.so.10 /lib/x86_64-linux-gnu/liba.so.10",
            "liba.so.9 /lib/x86_64-linux-gnu/liba.so.9",
        ]
    );
}

#[test]
fn libraries_for_better_processors_come_first_under_their_file_names() {
    let lines = lines(
        &[],
        &[
            ("usr/lib/x86_64-linux-gnu/libz.so.1", library("libz.so.1")),
            (
                "usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1.3",
                library("libz.so.1").isa_level(2),
            ),
            ("usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/libz.so.1.3", library("libz.so.1")),
        ],
    );
    assert_eq!(
        lines,
        [
            "libz.so.1 /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/libz.so.1.3 [x86-64-v2]",
            "libz.so.1 /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1.3 [x86-64-v3]",
            "libz.so.1 /lib/x86_64-linux-gnu/libz.so.1",
        ]
    );
}

#[test]
fn foreign_and_unfinished_files_are_left_out() {
    let lines = lines(
        &[("usr/lib/libgone.so.1", "/nowhere")],
        &[
            ("usr/lib/libarm.so.1", ElfMaker::library(AARCH64).soname("libarm.so.1")),
            ("usr/lib/libnarrow.so.1", library("libnarrow.so.1").narrow()),
            ("usr/lib/libx.so.1.dpkg-new", library("libx.so.1")),
            ("usr/lib/libprogram.so", ElfMaker::static_program(X86_64)),
            ("opt/lib/libelsewhere.so.1", library("libelsewhere.so.1")),
        ],
    );
    assert_eq!(lines, [""; 0]);
}

#[test]
fn makes_the_soname_links_that_are_missing() {
    let (tree, facts) = tree(
        &[("usr/lib/libhas.so.1", "libhas.so.1.2")],
        &[
            ("usr/lib/libhas.so.1.2", library("libhas.so.1")),
            ("usr/local/lib/libneeds.so.1.2", library("libneeds.so.1")),
            ("usr/local/lib/libevil.so.1", library("../../evil.so.1")),
        ],
    );
    let links = soname_links(&tree, &borrowed(&facts), Architecture::Amd64);
    let links: Vec<_> = links.iter().map(Generated::describe).collect();
    assert_eq!(links, ["/usr/local/lib/libneeds.so.1 -> libneeds.so.1.2"]);
}

#[test]
fn names_compare_by_number_and_digits_win() {
    use super::order::compare_names;
    for (less, more) in [
        ("liba.so.9", "liba.so.10"),
        ("libtwo.so", "lib32.so"),
        ("libone.so", "libone.so.1"),
        ("liba.so.1x", "liba.so.9"),
        ("libB.so", "lib_.so"),
    ] {
        assert_eq!(compare_names(less, more), Ordering::Less, "{less} {more}");
        assert_eq!(compare_names(more, less), Ordering::Greater, "{more} {less}");
    }
    assert_eq!(compare_names("libz.so.1", "libz.so.1"), Ordering::Equal);
}

#[test]
fn an_empty_tree_has_an_empty_cache() {
    let bytes = write(&Tree::new(), &BTreeMap::new(), Architecture::Arm64, None);
    assert_eq!(parse(&bytes), Ok(Vec::new()));
}

#[test]
fn refuses_other_formats_and_truncation() {
    assert_eq!(parse(b"ld.so-1.7.0"), Err(CacheError::Format));
    let (tree, facts) = tree(&[], &[("usr/lib/libz.so.1", library("libz.so.1"))]);
    let bytes = write(&tree, &borrowed(&facts), Architecture::Amd64, Some("2.41-12"));
    // What follows only names the program that wrote the cache.
    let extension = usize::from(bytes[32]);
    for end in 0..extension + 12 {
        assert!(parse(&bytes[..end]).is_err(), "{end}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_on_damaged_caches(at in 0usize..400, value: u8) {
        let (tree, facts) = tree(&[], &[
            ("usr/lib/libz.so.1", library("libz.so.1")),
            ("usr/lib/glibc-hwcaps/x86-64-v3/libz.so.1", library("libz.so.1")),
        ]);
        let mut bytes = write(&tree, &borrowed(&facts), Architecture::Amd64, Some("2.41-12"));
        let length = bytes.len();
        bytes[at % length] = value;
        let _ = parse(&bytes);
    }
}

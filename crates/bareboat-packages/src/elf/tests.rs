//! ELF bytes in, facts or an error out.

use bareboat_testkit::elf::{AARCH64, ElfMaker, X86_64};

use super::*;

fn facts(maker: &ElfMaker) -> ElfFacts {
    ElfFacts::of_bytes(&maker.build()).unwrap()
}

fn everything() -> ElfMaker {
    ElfMaker::library(X86_64)
        .soname("libdemo.so.1")
        .needs_versions("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
        .needs_versions("libm.so.6", &["GLIBC_2.29"])
        .needs("libz.so.1")
        .defines_versions(&["DEMO_1.0", "DEMO_1.1"])
        .rpath("/opt/lib")
        .runpath("$ORIGIN/../libs")
        .imports("iconv_open")
        .imports("malloc")
        .isa_level(2)
}

#[test]
fn reads_names_paths_and_versions_in_every_shape() {
    let want = serde_json::to_string_pretty(&facts(&everything())).unwrap();
    insta::assert_snapshot!(want, @r#"
    {
      "class": "64",
      "machine": 62,
      "kind": "shared-object",
      "soname": "libdemo.so.1",
      "needed": [
        "libc.so.6",
        "libm.so.6",
        "libz.so.1"
      ],
      "rpath": "/opt/lib",
      "runpath": "$ORIGIN/../libs",
      "version_needs": {
        "libc.so.6": [
          "GLIBC_2.17",
          "GLIBC_2.34"
        ],
        "libm.so.6": [
          "GLIBC_2.29"
        ]
      },
      "version_definitions": [
        "DEMO_1.0",
        "DEMO_1.1"
      ],
      "imports_iconv": true,
      "x86_isa_level": 2
    }
    "#);
    let wide = facts(&everything());
    let narrow = facts(&everything().narrow());
    assert_eq!(narrow, ElfFacts { class: ElfClass::Bits32, ..wide.clone() });
    assert_eq!(facts(&everything().big_endian()), ElfFacts { big_endian: true, ..wide });
}

#[test]
fn tells_programs_from_libraries() {
    let program = facts(&ElfMaker::program(AARCH64, "/lib/ld-linux-aarch64.so.1").needs("libc.so.6"));
    assert_eq!((program.kind, program.machine), (ElfKind::PieExecutable, AARCH64));
    assert_eq!(program.interpreter.as_deref(), Some("/lib/ld-linux-aarch64.so.1"));
    assert!(program.is_program() && !program.is_static());
    let fixed = facts(&ElfMaker::static_program(X86_64));
    assert!(fixed.is_static() && fixed.kind == ElfKind::Executable);
    assert!(facts(&ElfMaker::library(X86_64).executable_stack()).executable_stack);
    assert!(!facts(&ElfMaker::library(X86_64)).executable_stack);
}

#[test]
fn facts_survive_json() {
    let before = facts(&everything());
    let json = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<ElfFacts>(&json).unwrap(), before);
}

#[test]
fn a_name_that_only_ends_like_a_watched_one_does_not_count() {
    let similar = facts(&ElfMaker::library(X86_64).imports("libiconv_open").imports("my_dlopen"));
    assert!(!similar.imports_iconv && !similar.imports_dlopen);
    let both = facts(&ElfMaker::library(X86_64).imports("dlopen").imports("iconv_open"));
    assert!(both.imports_iconv && both.imports_dlopen);
}

#[test]
fn finds_an_import_wherever_the_windows_cut() {
    for padding in (8100..8300).chain(16300..16450) {
        let maker = ElfMaker::library(X86_64).imports(&"x".repeat(padding)).imports("iconv_open");
        assert!(facts(&maker).imports_iconv, "{padding}");
    }
}

#[test]
fn other_files_are_no_elf() {
    for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n", b"MZ\x90\0"] {
        assert!(matches!(ElfFacts::of_bytes(bytes), Err(ElfError::NotElf)));
    }
    assert!(ElfFacts::of_bytes(b"\x7fELF").is_err());
    assert!(ElfFacts::of_bytes(&[b"\x7fELF\x03\x01".as_slice(), &[0; 90]].concat()).is_err());
}

#[test]
fn every_truncation_is_an_error_or_less_to_say() {
    let bytes = everything().build();
    let whole = ElfFacts::of_bytes(&bytes).unwrap();
    for end in 4..bytes.len() - 1 {
        if let Ok(facts) = ElfFacts::of_bytes(&bytes[..end]) {
            assert_ne!(facts, whole, "cut at {end}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_or_hangs_on_damaged_files(damage in proptest::collection::vec((0usize..2048, proptest::num::u8::ANY), 1..6)) {
        for maker in [everything(), everything().narrow(), everything().big_endian()] {
            let mut bytes = maker.build();
            let length = bytes.len();
            for &(at, value) in &damage {
                bytes[at % length] = value;
            }
            let _ = ElfFacts::of_bytes(&bytes);
        }
    }
}

//! Whole tables.

use super::*;
use crate::audit::fixture::facts;
use crate::audit::{Auditor, Configuration, Context};

pub(super) fn candidates() -> Vec<Candidate> {
    let auditor = Auditor::new(Configuration::default()).unwrap();
    let full = "cmd [\"/app\"]\nelf /app 0755 static\nelf /bin/busybox 0755 static\nlink /bin/sh busybox\n\
                file /sbin/apk 0755 \"#!/bin/sh\\n\"\nfile /usr/share/doc/x 0644 size=300000\n\
                file /lib/apk/db/installed 0644 \"P:musl\\nV:1.2\\nA:x86_64\\n\"\nlayer \"RUN x\"\nremove /usr/share/doc/x\n";
    let bare = "user 65532:65532\ncmd [\"/app\"]\nelf /app 0755 static\n";
    [("example.test/team/app:full", full), ("app:bare", bare)]
        .map(|(name, text)| {
            let mut facts = facts(text);
            facts.name = name.to_owned();
            let audit = auditor.audit(&Context { facts: &facts, today: None });
            Candidate { facts, audit }
        })
        .into()
}

#[test]
fn the_better_image_comes_first_and_every_number_has_its_name() {
    let mut candidates = candidates();
    best_first(&mut candidates);
    insta::assert_snapshot!(text(&candidates, Symbols::Unicode), @r"
                          app:bare       …mple.test/team/app:full  change
    pull size             149 B    ██    815 B    ████████         +447.0 %
    on disk (visible)     512 B    ████  1.1 kB   ████████         +106.2 %
    hidden in layers      0 B            300.0 kB ████████         +300.0 kB
    packages              0              1 apk                     +1
    executables           1 (1 names)    3 (4 names)               +2
    shell                 ✓ none         ✗ busybox sh              +2
    package manager       ✓ none         ✗ apk                     +1
    compiler              ✓ none         ✓ none                    =
    network tools         ✓ none         ✓ none                    =
    runs as               ✓ 65532:65532  ✗ 0:0
    setuid / file caps    ✓ 0 / 0        ✓ 0 / 0                   =
    secrets               ✓ 0            ✓ 0                       =
    hard rules            17/17          14/17                     -3

    largest only in example.test/team/app:full:
      /bin/busybox 512 B
      /lib/apk/db/installed 22 B
      /sbin/apk 10 B

    packages: 0 only in app:bare, 1 only in example.test/team/app:full, 0 in other versions

    user: 65532:65532
      → nothing
    ");
    let plain = text(&candidates, Symbols::Ascii);
    assert!(plain.is_ascii() && plain.contains("- apk") && plain.contains("+ none"), "{plain}");
}

#[test]
fn a_pull_request_is_told_in_one_table() {
    insta::assert_snapshot!(markdown(&candidates()));
}

#[test]
fn the_document_has_both_images_and_what_changes() {
    let document: serde_json::Value = serde_json::from_str(&json(&candidates())).unwrap();
    assert_eq!(document["images"].as_array().map(Vec::len), Some(2));
    let files = &document["differences"][0]["files"];
    assert_eq!(files[0]["path"], "/bin");
    assert_eq!(document["differences"][0]["packages"][0]["name"], "musl");
    assert_eq!(document["differences"][0]["configuration"][0]["after"], "65532:65532");
}

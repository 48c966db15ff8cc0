//! Wheels nobody should install.

use bareboat_testkit::wheel::{WheelMaker, ZipEntry, record_line, zip};

use super::*;

fn demo() -> WheelMaker {
    WheelMaker::new("demo", "1.0").file("demo/__init__.py", "x = 1\n")
}

#[track_caller]
fn refused(maker: &WheelMaker, because: &str) {
    refused_bytes(&maker.build(), because);
}

#[track_caller]
fn refused_bytes(bytes: &[u8], because: &str) {
    match refusal(bytes) {
        Some(said) => assert!(said.contains(because), "said `{said}`, not `{because}`"),
        None => panic!("accepted; should say `{because}`"),
    }
}

#[test]
fn refuses_names_that_leave_the_directory_or_hide() {
    for (name, because) in [
        ("../evil.py", "`..` component"),
        ("demo/../../evil.py", "`..` component"),
        ("/etc/passwd", "absolute"),
        ("demo\\evil.py", "backslash"),
        ("demo//evil.py", "empty component"),
        ("./demo/evil.py", "`.` or `..`"),
        ("", "empty component"),
        ("demo/a\nb.py", "control characters"),
        ("demo/a\0b.py", "control characters"),
    ] {
        refused(&demo().file(name, "x"), because);
    }
    refused(&demo().entry(ZipEntry::deflated(b"demo/\xff.py", "x")), "not UTF-8");
    refused(&demo().file(&format!("demo/{}.py", "n".repeat(300)), "x"), "too long");
}

#[test]
fn refuses_one_name_twice_and_files_where_directories_must_be() {
    refused(&demo().file("demo/__init__.py", "x = 2\n"), "`demo/__init__.py` twice");
    refused(&demo().file("demo", "x"), "`demo` twice");
    let directory = ZipEntry { mode: 0o040_755, ..ZipEntry::stored("demo/__init__.py/", "") };
    refused(&demo().entry(directory), "twice");
}

#[test]
fn refuses_links_devices_and_encryption() {
    for (mode, because) in [
        (0o120_777, "symbolic link"),
        (0o020_666, "special file"),
        (0o010_666, "special file"),
        (0o040_755, "directory without the name of one"),
    ] {
        refused(&demo().entry(ZipEntry { mode, ..ZipEntry::stored("demo/x", "/etc/passwd") }), because);
    }
    refused(&demo().entry(ZipEntry { flags: 1, ..ZipEntry::stored("demo/x", "secret") }), "is encrypted");
    refused(&demo().entry(ZipEntry { method: 12, ..ZipEntry::stored("demo/x", "b") }), "method 12");
    refused(
        &demo().entry(ZipEntry { mode: 0o040_755, ..ZipEntry::stored("demo/d/", "content") }),
        "directory",
    );
}

#[test]
fn refuses_headers_that_contradict_the_directory() {
    let other_name = ZipEntry { local_name: Some(b"demo/y".to_vec()), ..ZipEntry::deflated("demo/x", "x") };
    refused(&demo().entry(other_name), "disagree on its name");
    let mut bytes = zip(&[ZipEntry::stored("demo/x", "0123456789")]);
    bytes[22] = 9;
    refused_bytes(&bytes, "disagree on its size");
    let mut bytes = zip(&[ZipEntry::stored("demo/x", "0123456789")]);
    bytes[8] = 8;
    refused_bytes(&bytes, "disagree on its compression");
}

#[test]
fn refuses_members_that_overlap_and_bytes_outside_the_archive() {
    // The header and data of `b` are inside the data of `a`, whose own header takes 31 bytes.
    let inner = ZipEntry::stored("b", "0123456789");
    let outer = ZipEntry::stored("a", &zip(std::slice::from_ref(&inner))[..41]);
    let entries = [outer, ZipEntry { offset: Some(31), ..inner }];
    refused_bytes(&zip(&entries), "overlap");
    let wheel = demo().build();
    refused_bytes(&[&b"#!/bin/sh\n"[..], &wheel].concat(), "not a sound zip archive");
    refused_bytes(&[&wheel[..], b"tail"].concat(), "bytes after its end");
    refused_bytes(&wheel[..wheel.len() - 30], "not a sound zip archive");
    refused_bytes(b"", "not a sound zip archive");
    refused_bytes(b"PK\x05\x06", "not a sound zip archive");
}

#[test]
fn refuses_content_that_is_not_what_was_promised() {
    let damaged = |entry: ZipEntry, because| refused(&WheelMaker::new("demo", "1.0").entry(entry), because);
    damaged(ZipEntry { crc: Some(7), ..ZipEntry::deflated("d.py", "x = 1\n") }, "CRC-32");
    damaged(
        ZipEntry { size: Some(5), ..ZipEntry::deflated("d.py", "x = 1\n") },
        "not the one in the wheel's `RECORD`",
    );
    damaged(ZipEntry { trailing: b"tail".to_vec(), ..ZipEntry::deflated("d.py", "x = 1\n") }, "bytes follow");
}

#[test]
fn refuses_lengths_that_only_the_archive_lies_about() {
    for (size, because) in [(5, "longer than"), (7, "shorter than")] {
        let entry = ZipEntry { size: Some(size), ..ZipEntry::deflated("demo/x.py", "x = 1\n") };
        let line = record_line("demo/x.py", b"x = 1\n").replace(",6\n", ",\n");
        let maker = WheelMaker::new("demo", "1.0").entry(entry).unrecorded("demo/x.py").record_lines(&line);
        refused(&maker, because);
    }
}

#[test]
fn refuses_a_stream_that_is_cut_off_or_no_deflate() {
    let whole = bareboat_testkit::wheel::deflate(&b"some words, some words".repeat(20));
    for (raw, because) in
        [(&whole[..whole.len() - 3], "cut off"), (b"\xff\xff\xff\xff", "broken"), (b"", "cut off")]
    {
        let bytes = forged_stream(raw);
        refused_bytes(&bytes, because);
    }
}

/// A wheel whose member `demo/x` claims to be deflated and holds `raw`.
fn forged_stream(raw: &[u8]) -> Vec<u8> {
    let content = b"some words, some words".repeat(20);
    let entry = ZipEntry {
        crc: Some(crc32fast::hash(&content)),
        size: Some(content.len() as u64),
        ..ZipEntry::stored("demo/x", raw)
    };
    let maker = WheelMaker::new("demo", "1.0")
        .entry(entry)
        .unrecorded("demo/x")
        .record_lines(&record_line("demo/x", &content));
    let mut bytes = maker.build();
    // The maker compresses what is deflated, so the method is changed afterwards, in both headers.
    bytes[8] = 8;
    let name = b"demo/x";
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    assert_eq!(&bytes[central + 46..central + 46 + name.len()], name);
    bytes[central + 10] = 8;
    bytes
}

#[test]
fn refuses_bombs_before_inflating_them() {
    let bomb = ZipEntry { size: Some(3 << 30), ..ZipEntry::deflated("demo/zeros", "0") };
    refused(&demo().entry(bomb), "to 1");
    let huge = ZipEntry { size: Some(1 << 50), zip64: true, ..ZipEntry::deflated("demo/zeros", "0") };
    refused(&demo().entry(huge), "bytes of files");
}

#[test]
fn wants_every_file_in_record_with_its_hash() {
    refused(&demo().unrecorded("demo/__init__.py"), "`demo/__init__.py` has no hash");
    let wrong = record_line("demo/__init__.py", b"x = 2\n");
    refused(&demo().unrecorded("demo/__init__.py").record_lines(&wrong), "its hash is not the one");
    let longer = record_line("demo/__init__.py", b"x = 10\n");
    refused(&demo().unrecorded("demo/__init__.py").record_lines(&longer), "its size is not the one");
    let bare = "demo/__init__.py,,6\n";
    refused(&demo().unrecorded("demo/__init__.py").record_lines(bare), "has no hash");
}

#[test]
fn wants_one_dist_info_directory_that_says_its_own_name() {
    refused_bytes(&zip(&[ZipEntry::deflated("demo.py", "")]), "no `NAME-VERSION.dist-info`");
    refused(&demo().file("other-1.0.dist-info/METADATA", ""), "several `.dist-info`");
    refused(&demo().file("Demo-1.0.dist-info/METADATA", ""), "several `.dist-info`");
    refused(&WheelMaker::new("demo", "1.0").metadata("Name: other\n"), "does not fit its directory");
    refused(&WheelMaker::new("demo", "1.0").metadata("Version: 2\n"), "does not fit its directory");
    refused(&WheelMaker::new("..", "1.0"), "does not fit its directory");
    for missing in ["METADATA", "WHEEL", "RECORD"] {
        refused(&demo().without(missing), &format!("no `demo-1.0.dist-info/{missing}`"));
    }
    refused(&demo().wheel("Wheel-Version: 2.0\n"), "format version `2.0`");
}

#[test]
fn refuses_installing_outside_the_known_directories() {
    refused(&demo().data("elsewhere/x", "x"), "unknown installation directory `elsewhere`");
    refused(&demo().data("x", "x"), "unknown installation directory `x`");
    refused(&demo().dist_info("entry_points.txt", "[console_scripts]\n../../x = a:b\n"), "no file name");
}

#[test]
fn refuses_two_files_for_one_path() {
    refused(
        &demo().data("purelib/demo/__init__.py", "x = 2\n"),
        "two different files at `/app/.venv/lib/python3.13",
    );
    assert_eq!(refusal(&demo().data("purelib/demo/__init__.py", "x = 1\n").build()), None);
}

#[test]
fn survives_any_flipped_byte() {
    let wheel = demo().dist_info("entry_points.txt", "[console_scripts]\ndemo = demo:main\n").build();
    for position in 0..wheel.len() {
        let mut bytes = wheel.clone();
        bytes[position] ^= 0x41;
        // Dates and unused fields may change unseen; nothing may panic and no content may differ from its digest.
        let _ = refusal(&bytes);
    }
}

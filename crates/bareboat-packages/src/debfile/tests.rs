//! Whole packages in, a dump or an error out.

use std::io::{Cursor, Read};

use bareboat_testkit::deb::{Compression, DebMaker, TarMaker, ar};

use super::*;

fn honest() -> DebMaker {
    DebMaker::new("hello", "2.10-3", "amd64")
        .field("Depends", "libc6 (>= 2.34)")
        .file("usr/bin/hello", 0o755, "ELF\n")
        .symlink("usr/bin/hi", "hello")
        .hard_link("usr/bin/hey", "usr/bin/hello")
        .directory("var/cache/hello", 0o2775)
        .control_file("postinst", "#!/bin/sh\nset -e\n")
        .control_file("conffiles", "/etc/hello.conf\nremove-on-upgrade /etc/old.conf\n")
}

fn open(bytes: &[u8]) -> Result<DebReader<Cursor<&[u8]>>, DebError> {
    DebReader::open(Cursor::new(bytes))
}

/// The data archive as lines, contents in quotes.
fn dump(bytes: &[u8], limits: Limits) -> Result<String, DebError> {
    let mut lines = String::new();
    DebReader::open_within(Cursor::new(bytes), limits)?.for_each_entry::<DebError>(|entry, content| {
        let mut text = String::new();
        let read = content.read_to_string(&mut text);
        read.map_err(|source| DebError::Member { member: "swallowed".into(), source })?;
        let DebEntry { path, kind, mode, owner, size } = entry;
        lines += &format!("{path} {mode:04o} {}:{} {size} {kind:?} {text:?}\n", owner.uid, owner.gid);
        Ok(())
    })?;
    Ok(lines)
}

fn error(bytes: &[u8]) -> String {
    dump(bytes, Limits::default()).unwrap_err().to_string()
}

/// The message for a package whose data archive is `tar`.
fn error_of(tar: TarMaker) -> String {
    error(&DebMaker::new("evil", "1", "amd64").data(|_| tar).build())
}

#[test]
fn reads_every_compression_alike() {
    let dumps: Vec<_> = [Compression::Xz, Compression::Gzip, Compression::Zstd, Compression::None]
        .map(|compression| dump(&honest().compression(compression).build(), Limits::default()).unwrap())
        .into();
    assert!(dumps.iter().all(|dump| *dump == dumps[0]));
    insta::assert_snapshot!(dumps[0], @r#"
    /usr 0755 0:0 0 Directory ""
    /usr/bin 0755 0:0 0 Directory ""
    /usr/bin/hello 0755 0:0 4 File "ELF\n"
    /usr/bin/hi 0777 0:0 0 Symlink { target: "hello" } ""
    /usr/bin/hey 0777 0:0 0 HardLink { target: /usr/bin/hello } ""
    /var 0755 0:0 0 Directory ""
    /var/cache 0755 0:0 0 Directory ""
    /var/cache/hello 2775 0:0 0 Directory ""
    "#);
}

#[test]
fn gives_control_fields_and_files() {
    let bytes = honest().build();
    let reader = open(&bytes).unwrap();
    assert_eq!(reader.control().package(), "hello");
    assert_eq!(reader.control().get("depends"), Some("libc6 (>= 2.34)"));
    assert_eq!(reader.control().text(), honest().control());
    let files = reader.control_files();
    assert_eq!(files.text("postinst").unwrap(), "#!/bin/sh\nset -e\n");
    assert!(files.text("md5sums").unwrap().ends_with("  usr/bin/hello\n"));
    let conffiles: Vec<_> = files.conffiles().iter().map(ToString::to_string).collect();
    assert_eq!(conffiles, ["/etc/hello.conf", "/etc/old.conf"]);
}

#[test]
fn long_names_and_large_owners_survive() {
    let long = format!("usr/share/{}/file", "x".repeat(200));
    let maker =
        DebMaker::new("long", "1", "all").data(|tar| tar.owner(3_000_000, 50)).file(&long, 0o644, "x");
    let dump = dump(&maker.build(), Limits::default()).unwrap();
    assert!(dump.lines().last().unwrap().starts_with(&format!("/{long} 0644 3000000:50 1 File")), "{dump}");
}

#[test]
fn skips_what_the_visitor_leaves_unread() {
    let bytes =
        honest().file("usr/share/big", 0o644, vec![b'x'; 100_000]).file("usr/share/end", 0o644, "e").build();
    let mut last = Vec::new();
    let mut reader = open(&bytes).unwrap();
    let outcome: Result<(), DebError> = reader.for_each_entry(|entry, content| {
        last.clear();
        content.take(2).read_to_end(&mut last).unwrap();
        assert!(last.len() as u64 <= entry.size);
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(last, b"e");
}

#[test]
fn refuses_names_that_leave_the_root() {
    let file = |path: &str| TarMaker::new().file(path, 0o644, b"x");
    assert!(error_of(file("../etc/passwd")).contains("`..`"));
    assert!(error_of(file("./usr/../../etc/passwd")).contains("`..`"));
    assert!(error_of(file(&format!("{}/../x", "a".repeat(150)))).contains("`..`"));
    let link = TarMaker::new().link("./x", b'1', "../../etc/passwd");
    assert!(error_of(link).contains("`..`"));
}

#[test]
fn an_absolute_name_stays_inside() {
    let maker = DebMaker::new("abs", "1", "all").data(|_| TarMaker::new().file("/etc/x", 0o644, b""));
    assert!(dump(&maker.build(), Limits::default()).unwrap().starts_with("/etc/x"));
}

#[test]
fn refuses_entries_that_reach_through_links_and_files() {
    let through = TarMaker::new().link("./usr/lib", b'2', "/etc").file("./usr/lib/passwd", 0o644, b"x");
    assert_eq!(error_of(through), "`/usr/lib/passwd` lies below `/usr/lib`, which is not a directory");
    let below_file = TarMaker::new().file("./a", 0o644, b"").file("./a/b/c", 0o644, b"");
    assert!(error_of(below_file).contains("below `/a`"));
}

#[test]
fn refuses_doubles() {
    let twice = TarMaker::new().file("./a", 0o644, b"1").file("./a", 0o644, b"2");
    assert_eq!(error_of(twice), "`/a` occurs twice");
    let changed = TarMaker::new().directory("./a/", 0o755).link("./a", b'2', "/etc");
    assert_eq!(error_of(changed), "`/a` occurs twice");
    let same = TarMaker::new().directory("./a/", 0o755).directory("./a/", 0o755);
    assert!(dump(&DebMaker::new("d", "1", "all").data(|_| same).build(), Limits::default()).is_ok());
}

#[test]
fn refuses_devices_pipes_and_unknown_types() {
    for kind in [b'3', b'4', b'6', b'S', b'x', b'g', b'M'] {
        let tar = TarMaker::new().entry(b"./dev/x", kind, 0o644, b"", 0, b"");
        assert!(error_of(tar).contains("may hold only files"), "{}", char::from(kind));
    }
}

#[test]
fn refuses_links_to_nothing() {
    assert!(error_of(TarMaker::new().link("./a", b'1', "./later")).contains("no earlier file"));
    let to_link = TarMaker::new().link("./l", b'2', "/etc/shadow").link("./h", b'1', "./l");
    assert!(error_of(to_link).contains("no earlier file"));
    assert!(error_of(TarMaker::new().link("./a", b'2', "")).contains("unusable link target"));
    let not_text = TarMaker::new().entry(b"./a", b'2', 0o777, b"caf\xe9", 0, b"");
    assert!(error_of(not_text).contains("unusable link target"));
}

#[test]
fn refuses_sizes_beyond_the_archive_and_the_limits() {
    let lying = TarMaker::new().entry(b"./big", b'0', 0o644, b"", 1 << 40, b"tiny");
    assert!(error_of(lying).contains("cannot read `data.tar.xz`"));
    let long_name = TarMaker::new().entry(b"././@LongLink", b'L', 0o644, b"", 1 << 33, b"");
    assert!(error_of(long_name).contains("more than 4096 bytes"));
    let bomb = DebMaker::new("bomb", "1", "all").file("zeros", 0o644, vec![0; 1 << 20]).build();
    let small = Limits { data_bytes: 1 << 19, ..Limits::default() };
    assert_eq!(
        dump(&bomb, small).unwrap_err().to_string(),
        "`data.tar.xz` is too large: more than 524288 bytes"
    );
    let few = Limits { entries: 3, ..Limits::default() };
    assert!(dump(&honest().build(), few).unwrap_err().to_string().contains("more than 3 entries"));
}

#[test]
fn a_decoder_may_not_take_all_memory() {
    let little = Limits { decoder_memory: 1 << 16, ..Limits::default() };
    assert!(DebReader::open_within(Cursor::new(honest().build()), little).is_err());
}

#[test]
fn every_truncation_is_noticed() {
    let compressions = [Compression::Xz, Compression::Gzip, Compression::Zstd, Compression::None];
    for compression in compressions {
        let bytes = honest().compression(compression).build();
        for end in (0..bytes.len() - 1).step_by(7) {
            assert!(dump(&bytes[..end], Limits::default()).is_err(), "{compression:?} cut at {end}");
        }
    }
}

#[test]
fn a_cut_inner_archive_is_noticed_even_when_the_outer_one_is_whole() {
    let tar = TarMaker::new().file("./a", 0o644, &[7; 5000]).build();
    let control = TarMaker::new().file("./control", 0o644, honest().control().as_bytes()).build();
    for compression in [Compression::Xz, Compression::Gzip, Compression::Zstd] {
        let whole = compression.compress(&tar);
        let suffix = compression.suffix();
        let members = |data: &[u8]| {
            ar(&[
                ("debian-binary", b"2.0\n"),
                (&format!("control.tar{suffix}"), &compression.compress(&control)),
                (&format!("data.tar{suffix}"), data),
            ])
        };
        assert!(dump(&members(&whole), Limits::default()).is_ok(), "{compression:?}");
        for less in [1, 4, 10] {
            let message = error(&members(&whole[..whole.len() - less]));
            assert!(message.starts_with("cannot read `data.tar"), "{compression:?} {less}: {message}");
        }
    }
}

#[test]
fn refuses_what_is_not_a_package() {
    let empty = TarMaker::new().build();
    let good = Compression::None;
    let control = TarMaker::new().file("./control", 0o644, honest().control().as_bytes()).build();
    let binary: (&str, &[u8]) = ("debian-binary", b"2.0\n");
    assert_eq!(error(b""), "not a Debian package: it does not start with `!<arch>`");
    assert_eq!(error(b"PK\x03\x04 a zip file"), "not a Debian package: it does not start with `!<arch>`");
    assert_eq!(error(&ar(&[])), "no `debian-binary` where deb(5) wants it");
    assert_eq!(error(&ar(&[binary])), "no `control.tar` where deb(5) wants it");
    assert_eq!(error(&ar(&[binary, ("control.tar", &control)])), "no `data.tar` where deb(5) wants it");
    let old = [("debian-binary", &b"0.939\n"[..]), ("control.tar", &control), ("data.tar", &empty)];
    assert_eq!(error(&ar(&old)), "package format `0.939` is not supported: want 2.x");
    let twice = [binary, ("control.tar", &control), ("data.tar", &empty), ("data.tar.gz", &empty)];
    assert_eq!(error(&ar(&twice)), "two members named `data`");
    let bzip = [binary, ("control.tar", &control[..]), ("data.tar.bz2", &empty)];
    assert!(error(&ar(&bzip)).contains("compressed in a way that is not supported"));
    let none = [binary, ("control.tar", &good.compress(&empty)[..]), ("data.tar", &empty)];
    assert_eq!(error(&ar(&none)), "unusable control file: the package has no `control` file");
}

#[test]
fn members_with_an_underscore_are_passed_over() {
    let control = TarMaker::new().file("./control", 0o644, honest().control().as_bytes()).build();
    let data = TarMaker::new().file("./a", 0o644, b"").build();
    let members: [(&str, &[u8]); 5] = [
        ("debian-binary", b"2.1\n"),
        ("_gpgorigin", b"x"),
        ("control.tar/", &control),
        ("data.tar", &data),
        ("_extra", b"y"),
    ];
    assert!(dump(&ar(&members), Limits::default()).is_ok());
}

#[test]
fn a_damaged_header_is_noticed() {
    let mut bytes = honest().compression(Compression::None).build();
    let name = bytes.windows(14).position(|window| window == b"./usr/bin/hell").unwrap();
    bytes[name + 8] ^= 1;
    assert!(error(&bytes).contains("checksum is wrong"));
}

#[test]
fn the_visitors_own_error_comes_back() {
    #[derive(Debug)]
    enum Mine {
        Deb(#[allow(dead_code)] DebError),
        Stop,
    }
    impl From<DebError> for Mine {
        fn from(error: DebError) -> Self {
            Self::Deb(error)
        }
    }
    let bytes = honest().build();
    let outcome = open(&bytes).unwrap().for_each_entry(|_, _| Err(Mine::Stop));
    assert!(matches!(outcome, Err(Mine::Stop)));
}

proptest::proptest! {
    #[test]
    fn never_panics_on_damaged_packages(at in 0usize..4096, value: u8, cut in 0usize..4096) {
        for compression in [Compression::None, Compression::Xz] {
            let mut bytes = honest().compression(compression).build();
            let length = bytes.len();
            bytes[at % length] = value;
            bytes.truncate(length - cut % length / 4);
            let small = Limits { data_bytes: 1 << 20, control_bytes: 1 << 20, ..Limits::default() };
            let _ = dump(&bytes, small);
        }
    }
}

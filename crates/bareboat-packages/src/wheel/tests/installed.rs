//! Which files an installed wheel has.

use bareboat_testkit::wheel::{WheelMaker, ZipEntry, record_line};

use super::*;

/// `mode path = content` per member.
fn dump(wheel: &Wheel, members: &[Member]) -> String {
    let mut lines = Vec::new();
    for member in members {
        let mut content = String::new();
        wheel.reader(member).read_to_string(&mut content).unwrap();
        assert_eq!(content.len() as u64, member.size);
        assert_eq!(Digest::of(&content), member.digest);
        lines.push(format!("{:o} {} = {content:?}", member.mode, member.path));
    }
    lines.join("\n")
}

fn content(wheel: &Wheel, members: &[Member], path: &str) -> String {
    let member = members.iter().find(|member| member.path.to_string() == path).unwrap();
    let mut content = String::new();
    wheel.reader(member).read_to_string(&mut content).unwrap();
    content
}

#[test]
fn puts_every_kind_of_file_where_the_specification_says() {
    let bytes = WheelMaker::new("Demo_App", "1.0+local_1")
        .metadata("Name: demo.app\nVersion: 1.0+local-1\n")
        .file("demo/__init__.py", "x = 1\n")
        .entry(ZipEntry { mode: 0o040_755, ..ZipEntry::stored("demo/driver/", "") })
        .entry(ZipEntry { mode: 0o100_700, ..ZipEntry::stored("demo/driver/node", "binary") })
        .data("purelib/pure.py", "1")
        .data("platlib/plat.py", "2")
        .data("data/share/demo/x.txt", "3")
        .data("headers/demo.h", "4")
        .data("scripts/demo.sh", "#!/bin/sh\n")
        .data("scripts/tool", "#!python\nprint()\n")
        .dist_info("entry_points.txt", "[console_scripts]\ndemo = demo:main\n")
        .dist_info("licenses/LICENSE", "free")
        .dist_info("INSTALLER", "somebody")
        .dist_info("REQUESTED", "")
        .dist_info("direct_url.json", "{}")
        .build();
    let wheel = open(&bytes).unwrap();
    let members = wheel.members(&layout(), InstallOptions::default()).unwrap();
    let dump = dump(&wheel, &members);
    let (kept, own): (Vec<_>, Vec<_>) = dump.lines().partition(|line| !line.contains(".dist-info/"));
    insta::assert_snapshot!(kept.join("\n"), @r##"
    755 /app/.venv/bin/demo = "#!/app/.venv/bin/python\nimport sys\n\nfrom demo import main\n\nif __name__ == \"__main__\":\n    sys.exit(main())\n"
    755 /app/.venv/bin/demo.sh = "#!/bin/sh\n"
    755 /app/.venv/bin/tool = "#!/app/.venv/bin/python\nprint()\n"
    644 /app/.venv/include/site/python3.13/demo.app/demo.h = "4"
    644 /app/.venv/lib/python3.13/site-packages/demo/__init__.py = "x = 1\n"
    755 /app/.venv/lib/python3.13/site-packages/demo/driver/node = "binary"
    644 /app/.venv/lib/python3.13/site-packages/plat.py = "2"
    644 /app/.venv/lib/python3.13/site-packages/pure.py = "1"
    644 /app/.venv/share/demo/x.txt = "3"
    "##);
    let own: Vec<_> =
        own.iter().map(|line| line.split(" = ").next().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(own, ["INSTALLER", "METADATA", "RECORD", "WHEEL", "entry_points.txt", "LICENSE"]);
}

#[test]
fn records_what_is_installed_and_nothing_else() {
    let bytes = WheelMaker::new("demo", "1.0")
        .file("demo.py", "x = 1\n")
        .data("scripts/tool", "#!python\n")
        .dist_info("entry_points.txt", "[console_scripts]\ndemo = demo:main\n")
        .build();
    let wheel = open(&bytes).unwrap();
    let options = InstallOptions { requested: true, direct_url: Some("{}") };
    let members = wheel.members(&layout(), options).unwrap();
    let record =
        content(&wheel, &members, "/app/.venv/lib/python3.13/site-packages/demo-1.0.dist-info/RECORD");
    let paths: Vec<_> = record.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "../../../bin/demo",
            "../../../bin/tool",
            "demo-1.0.dist-info/INSTALLER",
            "demo-1.0.dist-info/METADATA",
            "demo-1.0.dist-info/RECORD",
            "demo-1.0.dist-info/REQUESTED",
            "demo-1.0.dist-info/WHEEL",
            "demo-1.0.dist-info/direct_url.json",
            "demo-1.0.dist-info/entry_points.txt",
            "demo.py",
        ]
    );
    assert!(record.contains(&record_line("../../../bin/tool", b"#!/app/.venv/bin/python\n")));
    assert!(record.contains("demo-1.0.dist-info/RECORD,,\n"));
    assert_eq!(members.len(), paths.len());
}

#[test]
fn rewrites_only_the_placeholder_shebang() {
    for (script, expected) in [
        ("#!python\nx\n", "#!/app/.venv/bin/python\nx\n"),
        ("#!python -E\r\nx\r\n", "#!/app/.venv/bin/python -E\nx\r\n"),
        ("#!pythonw\n", "#!/app/.venv/bin/python\n"),
        ("#!python", "#!/app/.venv/bin/python"),
        ("#!/usr/bin/python\n", "#!/usr/bin/python\n"),
        ("#! python\n", "#! python\n"),
        ("", ""),
    ] {
        let wheel = open(&WheelMaker::new("demo", "1.0").data("scripts/x", script).build()).unwrap();
        let members = wheel.members(&layout(), InstallOptions::default()).unwrap();
        assert_eq!(content(&wheel, &members, "/app/.venv/bin/x"), expected);
    }
}

#[test]
fn lets_an_entry_point_beat_a_script_file_of_its_name() {
    let maker = WheelMaker::new("demo", "1.0")
        .data("scripts/demo", "#!python\nold\n")
        .dist_info("entry_points.txt", "[gui_scripts]\ndemo = demo:main [extra]\n");
    let wheel = open(&maker.build()).unwrap();
    let members = wheel.members(&layout(), InstallOptions::default()).unwrap();
    assert!(content(&wheel, &members, "/app/.venv/bin/demo").contains("from demo import main"));
}

#[test]
fn reads_zip64_and_streamed_archives() {
    for (zip64, descriptor) in [(true, false), (false, true), (true, true)] {
        let entry = ZipEntry { zip64, descriptor, ..ZipEntry::deflated("demo.py", "x = 1\n".repeat(1000)) };
        let maker = WheelMaker::new("demo", "1.0").entry(entry);
        assert_eq!(refusal(&maker.build()), None, "zip64 {zip64}, descriptor {descriptor}");
        assert_eq!(install(&maker).unwrap().last().unwrap().size, 6000);
    }
}

#[test]
fn accepts_longer_hashes_and_still_knows_the_sha256() {
    use sha2::Digest as _;
    let hash = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        sha2::Sha512::digest(b"x = 1\n"),
    );
    let maker = |line: &str| {
        WheelMaker::new("demo", "1.0").file("demo.py", "x = 1\n").unrecorded("demo.py").record_lines(line)
    };
    let good = install(&maker(&format!("demo.py,sha512={hash},6\n"))).unwrap();
    assert_eq!(good.last().unwrap().digest, Digest::of(b"x = 1\n"));
    let bad = maker(&format!("demo.py,sha512={},6\n", hash.replace(&hash[..1], "-")));
    assert!(install(&bad).unwrap_err().to_string().contains("damaged"));
}

#[test]
fn hands_out_raw_streams_that_inflate_to_the_content() {
    let data = "some words ".repeat(50_000);
    let maker = WheelMaker::new("demo", "1.0").file("demo.py", &data).entry(ZipEntry::stored("s.py", "x"));
    let wheel = open(&maker.build()).unwrap();
    let members = wheel.members(&layout(), InstallOptions::default()).unwrap();
    let find = |name: &[u8]| members.iter().find(|member| member.path.file_name() == name).unwrap();
    let member = find(b"demo.py");
    let mut raw = Vec::new();
    wheel.raw(member).unwrap().read_to_end(&mut raw).unwrap();
    let Source::Packed(packed) = &member.source else { panic!("`demo.py` is in the archive") };
    assert_eq!(raw.len() as u64, packed.raw_size);
    let mut content = String::new();
    flate2::read::DeflateDecoder::new(&raw[..]).read_to_string(&mut content).unwrap();
    assert_eq!(content, data);
    assert!(wheel.raw(find(b"s.py")).is_none());
    assert!(wheel.raw(find(b"INSTALLER")).is_none());
}

#[test]
fn tells_its_metadata() {
    let maker = WheelMaker::new("demo", "1.0")
        .metadata("Requires-Python: >=3.9\nRequires-Dist: a\nLicense-Expression: MIT\n")
        .body("The description.\n")
        .wheel("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x86_64\nBuild: 1\n")
        .dist_info("top_level.txt", "demo\n");
    let wheel = open(&maker.build()).unwrap();
    assert_eq!(wheel.metadata().requires_python.as_deref(), Some(">=3.9"));
    assert_eq!(wheel.metadata().license_expression.as_deref(), Some("MIT"));
    assert_eq!(wheel.info().tags, ["cp313-cp313-linux_x86_64"]);
    assert!(!wheel.info().root_is_purelib);
    assert_eq!(wheel.dist_info_text("top_level.txt").unwrap().as_deref(), Some("demo\n"));
    assert_eq!(wheel.dist_info_text("nothing").unwrap(), None);
    assert_eq!(wheel.names().count(), 4);
}

#[test]
fn gives_the_same_members_every_time() {
    let maker = WheelMaker::new("demo", "1.0").file("b.py", "").file("a.py", "").file("a/c.py", "");
    let members = install(&maker).unwrap();
    assert_eq!(members, install(&maker).unwrap());
    assert!(members.is_sorted_by(|left, right| left.path < right.path));
}

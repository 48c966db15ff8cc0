//! What lies in the directory afterwards.

use std::os::unix::fs::MetadataExt;

use bareboat_store::Digest;

use super::*;
use crate::{Compression, FileMeta, ImageConfig, Owner, PartWriter, Platform, join, write_image};

struct Fixture {
    directory: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store")).unwrap();
    Fixture { directory, store }
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Extracts an image of one layer per list into `out`; what was left out.
fn extract_layers(
    fixture: &Fixture,
    layers: &[&[(&str, Entry, &str)]],
    ownership: Ownership,
) -> Result<LeftOut, OutputError> {
    let store = &fixture.store;
    let mut written = Vec::new();
    for layer in layers {
        let mut writer = PartWriter::new(store, Compression::Gzip, 1_000_000_000).unwrap();
        for (at, entry, content) in *layer {
            match entry.kind {
                Kind::File { .. } => {
                    let meta =
                        FileMeta { mode: entry.mode, owner: entry.owner, xattrs: entry.xattrs.clone() };
                    writer.append_bytes(&path(at), &meta, content.as_bytes()).unwrap();
                }
                _ => writer.append(&path(at), entry).unwrap(),
            }
        }
        written.push(join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap());
    }
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = write_image(store, config, &written, BTreeMap::new()).unwrap();
    let subject = Subject { descriptor: &descriptor, reference: None, platform: None };
    write_root_fs(store, &subject, &fixture.directory.path().join("out"), ownership)
}

fn file(mode: u16) -> Entry {
    Entry::file(Digest::of(b""), 0, mode)
}

fn of(kind: Kind) -> Entry {
    Entry { kind, ..file(0o644) }
}

#[test]
fn merged_files_links_and_modes_arrive() {
    let fixture = fixture();
    let lower: &[(&str, Entry, &str)] = &[
        ("closed", Entry::directory(0o555), ""),
        ("closed/f", file(0o400), "first"),
        ("closed/hard", of(Kind::HardLink { target: path("closed/f") }), ""),
        ("gone", file(0o644), "gone"),
        ("link", Entry::symlink("/etc/passwd"), ""),
        ("pipe", of(Kind::Fifo), ""),
        ("tmp", Entry::directory(0o1777), ""),
        ("su", file(0o4755), "su"),
    ];
    let upper: &[(&str, Entry, &str)] = &[(".wh.gone", file(0), ""), ("new/x", file(0o644), "x")];
    let left_out = extract_layers(&fixture, &[lower, upper], Ownership::Caller).unwrap();
    assert_eq!(left_out, LeftOut::default());
    let out = fixture.directory.path().join("out");
    let mode = |at: &str| fs::symlink_metadata(out.join(at)).unwrap().mode() & 0o7777;
    assert_eq!((mode(""), mode("closed"), mode("tmp"), mode("su")), (0o755, 0o555, 0o1777, 0o4755));
    assert_eq!(mode("closed/f"), 0o400);
    let inode = |at: &str| fs::symlink_metadata(out.join(at)).unwrap().ino();
    assert_eq!(inode("closed/f"), inode("closed/hard"));
    assert_eq!(fs::read_link(out.join("link")).unwrap(), Path::new("/etc/passwd"));
    assert!(!out.join("gone").exists() && out.join("new/x").is_file());
    assert_eq!(fs::metadata(out.join("su")).unwrap().mtime(), 1_000_000_000);
    assert_eq!(fs::read_dir(fixture.directory.path()).unwrap().count(), 2, "nothing temporary is left");
    fs::set_permissions(out.join("closed"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_link_never_leads_out() {
    let fixture = fixture();
    let outside = fixture.directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let target = outside.to_str().unwrap();
    // Within a layer links in parents stay inside the root; in a lower layer they are replaced.
    let one: &[(&str, Entry, &str)] = &[("a", Entry::symlink(target), ""), ("a/x", file(0o644), "x")];
    let two: &[(&str, Entry, &str)] = &[("b", Entry::symlink(target), "")];
    let three: &[(&str, Entry, &str)] = &[("b/x", file(0o644), "x"), ("c", Entry::symlink("../../.."), "")];
    extract_layers(&fixture, &[one, two, three], Ownership::Caller).unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    let out = fixture.directory.path().join("out");
    assert!(out.join("b").is_dir() && out.join("b/x").is_file());
    assert!(out.join(&target[1..]).join("x").is_file());
}

#[test]
fn owners_and_devices_need_root() {
    let fixture = fixture();
    let device = of(Kind::CharDevice { major: 1, minor: 3 });
    let mut owned = file(0o4755);
    owned.owner = Owner { uid: 12345, gid: 54321 };
    let layer: &[(&str, Entry, &str)] = &[("null", device, ""), ("f", owned, "x")];
    let left_out = extract_layers(&fixture, &[layer], Ownership::Caller).unwrap();
    assert_eq!(left_out.devices, [path("null")]);
    let out = fixture.directory.path().join("out");
    let metadata = fs::metadata(out.join("f")).unwrap();
    assert_ne!(metadata.uid(), 12345);
    fs::remove_dir_all(&out).unwrap();
    if metadata.uid() != 0 {
        bareboat_testkit::full::skip("owners_and_devices_need_root", "this is not root");
        return;
    }
    // A container may forbid devices even to root.
    match extract_layers(&fixture, &[layer], Ownership::Keep) {
        Ok(left_out) => assert_eq!(left_out, LeftOut::default()),
        Err(error) => {
            bareboat_testkit::full::skip("owners_and_devices_need_root", &error.to_string());
            return;
        }
    }
    let metadata = fs::metadata(out.join("f")).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (12345, 54321, 0o4755));
    assert_eq!(fs::metadata(out.join("null")).unwrap().rdev(), rustix::fs::makedev(1, 3));
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let fixture = fixture();
    let out = fixture.directory.path().join("out");
    fs::create_dir(&out).unwrap();
    let layer: &[(&str, Entry, &str)] = &[("f", file(0o644), "x")];
    extract_layers(&fixture, &[layer], Ownership::Caller).unwrap();
    let error = extract_layers(&fixture, &[layer], Ownership::Caller).unwrap_err();
    assert!(matches!(error, OutputError::NotEmpty { .. }), "{error}");
}

//! What lies in the directory of a layer afterwards, and what hostile archives cannot do.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use super::*;
use crate::Owner;
use crate::tar::write::{padding, write_header};

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Entries belong to whoever runs the tests: nobody else can be given anything.
fn own() -> Owner {
    Owner { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
}

/// `d PATH MODE`, `f PATH CONTENT`, `l PATH TARGET`, `h PATH TARGET`, `p PATH`.
fn archive(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let rest = words.get(2).copied().unwrap_or_default();
        let entry = match words[0] {
            "d" => Entry::directory(u16::from_str_radix(rest, 8).unwrap()),
            "l" => Entry::symlink(rest),
            "h" => Entry { kind: Kind::HardLink { target: path(rest) }, ..Entry::file(NO_DIGEST, 0, 0o644) },
            "p" => Entry { kind: Kind::Fifo, ..Entry::file(NO_DIGEST, 0, 0o640) },
            _ => Entry::file(NO_DIGEST, rest.len() as u64, 0o4750),
        };
        write_header(&mut bytes, &path(words[1]), &Entry { owner: own(), ..entry }, 1_000_000_000).unwrap();
        if words[0] == "f" {
            bytes.extend_from_slice(rest.as_bytes());
            bytes.resize(bytes.len() + padding(rest.len() as u64), 0);
        }
    }
    bytes
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.layer()).unwrap();
        place
    }

    fn layer(&self) -> PathBuf {
        self.0.path().join("layer")
    }

    fn unpack(&self, archive: &[u8]) -> Result<Unpacked, UnpackError> {
        let blob = self.0.path().join("blob");
        fs::write(&blob, archive).unwrap();
        unpack_layer(&blob, &self.layer(), "user.overlay.", Limits::default())
    }

    fn metadata(&self, at: &str) -> fs::Metadata {
        fs::symlink_metadata(self.layer().join(at)).unwrap()
    }
}

fn is_whiteout(metadata: &fs::Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

#[test]
fn everything_arrives_with_its_metadata() {
    let place = Place::new();
    let lines = [
        "d a 1755",
        "f a/f content",
        "h a/hard a/f",
        "l a/link /etc/passwd",
        "p a/pipe",
        "d closed 555",
        "f closed/x 1",
    ];
    assert_eq!(place.unpack(&archive(&lines)).unwrap(), Unpacked::default());
    let mode = |at: &str| place.metadata(at).mode() & 0o7777;
    assert_eq!((mode("a"), mode("a/f"), mode("a/pipe"), mode("closed")), (0o1755, 0o4750, 0o640, 0o555));
    assert_eq!(place.metadata("a/f").ino(), place.metadata("a/hard").ino());
    assert!(place.metadata("a/pipe").file_type().is_fifo());
    assert_eq!(fs::read_link(place.layer().join("a/link")).unwrap(), Path::new("/etc/passwd"));
    for at in ["a", "a/f", "a/link", "closed"] {
        assert_eq!(place.metadata(at).mtime(), 1_000_000_000, "{at}");
    }
}

#[test]
fn whiteouts_become_those_of_overlayfs() {
    let place = Place::new();
    let lines = [
        "d a 755",
        "f a/.wh.gone ",
        "d new 755",
        "f new/.wh..wh..opq ",
        "f new/kept 1",
        "f .wh.replaced ",
        "d replaced 755",
        "f .wh.file ",
        "f file 1",
    ];
    place.unpack(&archive(&lines)).unwrap();
    assert!(is_whiteout(&place.metadata("a/gone")));
    let opaque = |at: &str| {
        let mut value = [0; 8];
        rustix::fs::lgetxattr(place.layer().join(at), "user.overlay.opaque", &mut value)
            .is_ok_and(|length| value[..length] == *b"y")
    };
    assert_eq!((opaque("new"), opaque("replaced"), opaque("a")), (true, true, false));
    assert!(place.metadata("file").is_file());
    let names: Vec<_> =
        fs::read_dir(place.layer()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.as_bytes().starts_with(b".wh.")), "{names:?}");
}

#[test]
fn directories_that_are_only_used_are_told() {
    let place = Place::new();
    let unpacked = place.unpack(&archive(&["f a/b/f 1", "d a/b 700", "f c/.wh.x "])).unwrap();
    assert_eq!(unpacked.implied, [path("a"), path("c")].into());
}

#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap();
    for lines in [
        // Used as a directory: it leads to a path inside the layer.
        vec![format!("l a {target}"), "f a/x 1".into()],
        // First a file, then a link in its place, and the other way round.
        vec!["f b 1".into(), format!("l b {target}/b"), "f b 22".into()],
        vec!["d c 755".into(), format!("l c {target}"), "f c/.wh.gone ".into()],
        vec![format!("l d ../../../../../../{target}"), "d d 755".into(), "f d/y 1".into()],
        vec![format!("l e {target}/e"), "h hard e".into()],
    ] {
        let place = Place::new();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let _ = place.unpack(&archive(&lines));
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "{lines:?}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for lines in [
        &["h hard /etc/passwd"][..],
        &["f a 1", "f a/b 1"],
        &["l a b", "l b a", "f a/x 1"],
        &["f .wh. "],
        &["d a 755", "h b a"],
    ] {
        assert!(Place::new().unpack(&archive(lines)).is_err(), "{lines:?}");
    }
    let whole = archive(&["f a 123456789"]);
    assert!(Place::new().unpack(&whole[..whole.len() - 510]).is_err());
    let mut above = archive(&["f aa/b 1"]);
    above[..2].copy_from_slice(b"..");
    assert!(Place::new().unpack(&above).is_err());
}

#[test]
fn attributes_that_steer_an_overlay_are_dropped() {
    let place = Place::new();
    let mut bytes = Vec::new();
    let names = ["user.overlay.opaque", "user.overlay.redirect", "trusted.overlay.opaque", "user.kept"];
    let xattrs = names.map(|name| (name.to_owned(), b"y".to_vec())).into();
    let entry = Entry { owner: own(), xattrs, ..Entry::directory(0o755) };
    write_header(&mut bytes, &path("a"), &entry, 0).unwrap();
    place.unpack(&bytes).unwrap();
    let mut list = vec![0; 1000];
    let length = rustix::fs::llistxattr(place.layer().join("a"), &mut list).unwrap();
    let found: Vec<&[u8]> =
        list[..length].split(|&byte| byte == 0).filter(|name| name.starts_with(b"user.")).collect();
    assert_eq!(found, [b"user.kept"]);
}

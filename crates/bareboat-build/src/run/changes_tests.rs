//! Changes as overlayfs records them, made by hand, and what is written of them.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use bareboat_image::tar::read::{Limits, TarReader};
use rustix::fs::{CWD, FileType, Mode, XattrFlags};

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for name in ["upper", "top", "bottom"] {
            fs::create_dir(place.0.path().join(name)).unwrap();
            fs::set_permissions(place.0.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn directory(&self, path: &str) -> &Self {
        fs::create_dir(self.at(path)).unwrap();
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn file(&self, path: &str, content: &str, seconds: u64) -> &Self {
        fs::write(self.at(path), content).unwrap();
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o644)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(self.at(path)).unwrap().set_modified(time).unwrap();
        self
    }

    fn whiteout(&self, path: &str) -> &Self {
        rustix::fs::mknodat(CWD, self.at(path), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        self
    }

    fn opaque(&self, path: &str) -> &Self {
        rustix::fs::lsetxattr(self.at(path), "user.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
        self
    }

    /// `path kind mode time`, one line per entry.
    fn changes(&self) -> String {
        let mut archive = Vec::new();
        let layers = [self.at("top"), self.at("bottom")];
        write_changes(&self.at("upper"), &layers, Records::User, 500, &mut archive).unwrap();
        let mut reader = TarReader::new(&archive[..], Limits::default());
        let mut text = String::new();
        while let Some(member) = reader.next_member().unwrap() {
            let kind = match &member.kind {
                bareboat_image::tar::read::MemberKind::File { size } => format!("file {size}"),
                bareboat_image::tar::read::MemberKind::Other(Kind::Directory) => "directory".to_owned(),
                bareboat_image::tar::read::MemberKind::Other(kind) => format!("{kind:?}"),
            };
            text.push_str(&format!("{} {kind} {:o} {}\n", member.path, member.mode, member.mtime));
        }
        text
    }
}

#[test]
fn nothing_changed_is_nothing() {
    let place = Place::new();
    place.directory("bottom/tmp").directory("upper/tmp").directory("upper/tmp/never-was");
    fs::remove_dir(place.at("upper/tmp/never-was")).unwrap();
    assert_eq!(place.changes(), "");
}

#[test]
fn files_that_were_only_opened_are_no_change() {
    let place = Place::new();
    for layer in ["bottom", "upper"] {
        place.directory(&format!("{layer}/d"));
        for name in ["opened", "touched", "forged"] {
            place.file(&format!("{layer}/d/{name}"), "same", 100);
        }
        symlink("x", place.at(&format!("{layer}/d/link"))).unwrap();
        let time = rustix::fs::Timespec { tv_sec: 9, tv_nsec: 0 };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        let link = place.at(&format!("{layer}/d/link"));
        rustix::fs::utimensat(CWD, link, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
    place.file("upper/d/touched", "same", 200).file("upper/d/forged", "evil", 100);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(400);
    File::open(place.at("upper/d")).unwrap().set_modified(time).unwrap();
    insta::assert_snapshot!(place.changes(), @r"
    /d directory 755 400
    /d/forged file 4 644 100
    /d/touched file 4 644 200
    ");
}

#[test]
fn deletions_are_written_where_something_was() {
    let place = Place::new();
    place
        .directory("bottom/d")
        .directory("bottom/d/old")
        .file("bottom/d/f", "1", 1)
        .directory("bottom/again");
    place.directory("top/d").whiteout("top/d/f").file("top/d/g", "1", 1);
    place.directory("upper/d").whiteout("upper/d/old").whiteout("upper/d/f").whiteout("upper/d/g");
    // A mount point made for the run, and a new directory: overlayfs marks it although nothing was there.
    place.whiteout("upper/d/mounted").directory("upper/d/new").opaque("upper/d/new");
    place.directory("upper/again").opaque("upper/again").file("upper/again/x", "22", 3);
    insta::assert_snapshot!(place.changes(), @r"
    /again directory 755 500
    /again/.wh..wh..opq file 0 600 0
    /again/x file 2 644 3
    /d directory 755 500
    /d/.wh.g file 0 600 0
    /d/new directory 755 500
    /d/.wh.old file 0 600 0
    ");
}

#[test]
fn links_kinds_and_modes_are_kept() {
    let place = Place::new();
    place.directory("bottom/d").file("bottom/d/old", "old", 7);
    place.directory("upper/d").file("upper/d/old", "old", 7);
    fs::hard_link(place.at("upper/d/old"), place.at("upper/d/new")).unwrap();
    symlink("../nowhere", place.at("upper/link")).unwrap();
    rustix::fs::mknodat(CWD, place.at("upper/pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.at("upper/socket")).unwrap();
    fs::set_permissions(place.at("upper"), fs::Permissions::from_mode(0o1777)).unwrap();
    insta::assert_snapshot!(place.changes(), @r#"
    / directory 1777 500
    /d directory 755 500
    /d/new file 3 644 7
    /d/old HardLink { target: /d/new } 644 7
    /link Symlink { target: "../nowhere" } 777 500
    /pipe Fifo 600 500
    "#);
}

//! Blobs: whole or absent, shared by threads and processes, checked when read.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use bareboat_store::{Digest, Store, StoreError};
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

fn damage(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn temporary_files(store: &Store) -> usize {
    fs::read_dir(store.temporary_directory()).unwrap().count()
}

#[test]
fn gives_back_what_it_was_given() {
    let (_directory, store) = store();
    let digest = store.insert(b"hello").unwrap();
    assert_eq!(digest, Digest::of(b"hello"));
    assert!(store.contains(&digest));
    assert_eq!(store.size(&digest), Some(5));
    assert_eq!(store.read(&digest, 5).unwrap(), b"hello");
    assert!(matches!(store.read(&digest, 4), Err(StoreError::TooLarge { .. })));
    let mut copy = Vec::new();
    assert_eq!(store.read_verified_to(&digest, &mut copy).unwrap(), 5);
    assert_eq!(copy, b"hello");
    let refused = store.read_verified_to(&digest, &mut &mut [0; 3][..]);
    assert!(matches!(refused, Err(StoreError::Output { .. })), "{refused:?}");
    let absent = Digest::of(b"absent");
    assert!(!store.contains(&absent));
    assert!(matches!(store.read(&absent, 9), Err(StoreError::Missing { .. })));
    let empty = store.insert(b"").unwrap();
    assert_eq!(store.read(&empty, 0).unwrap(), b"");
}

#[test]
fn an_unfinished_or_unexpected_blob_leaves_nothing() {
    let (_directory, store) = store();
    let mut writer = store.writer().unwrap();
    writer.write_all(&[1; 300_000]).unwrap();
    assert_eq!(temporary_files(&store), 1);
    drop(writer);
    let mut writer = store.writer_sized(3).unwrap();
    writer.write_all(b"bad").unwrap();
    let expected = Digest::of(b"good");
    match writer.finish_expecting(&expected) {
        Err(StoreError::Mismatch { expected: wanted, found, size }) => {
            assert_eq!((wanted, found, size), (expected, Digest::of(b"bad"), 3));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(temporary_files(&store), 0);
    assert_eq!(store.usage().unwrap().blobs, 0);
}

#[test]
fn a_restarted_or_overestimated_blob_has_its_own_bytes_only() {
    let (_directory, store) = store();
    let mut writer = store.writer_sized(1 << 20).unwrap();
    writer.write_bytes(b"first try").unwrap();
    writer.restart().unwrap();
    writer.write_bytes(b"second").unwrap();
    let (digest, size) = writer.finish().unwrap();
    assert_eq!((digest, size), (Digest::of(b"second"), 6));
    assert_eq!(fs::read(store.path(&digest)).unwrap(), b"second");
    assert_eq!(temporary_files(&store), 0);
}

#[test]
fn a_damaged_blob_is_reported_and_removed_and_can_come_back() {
    let (_directory, store) = store();
    let digest = store.insert(b"precious").unwrap();
    damage(&store.path(&digest), b"pr3cious");
    match store.read(&digest, 100) {
        Err(StoreError::Corrupt { found, .. }) => assert_eq!(found, Digest::of(b"pr3cious")),
        other => panic!("{other:?}"),
    }
    assert!(!store.contains(&digest));
    store.insert(b"precious").unwrap();
    damage(&store.path(&digest), b"precious and more");
    let mut copy = Vec::new();
    assert!(matches!(store.read_verified_to(&digest, &mut copy), Err(StoreError::Corrupt { .. })));
    assert!(!store.contains(&digest));
}

#[test]
fn a_blob_of_the_wrong_length_is_replaced_when_inserted_again() {
    let (_directory, store) = store();
    let digest = store.insert(b"precious").unwrap();
    damage(&store.path(&digest), b"prec");
    store.insert(b"precious").unwrap();
    assert_eq!(store.read(&digest, 100).unwrap(), b"precious");
    damage(&store.path(&digest), b"");
    assert!(!store.contains(&digest), "an empty file is what a power cut leaves");
}

#[test]
fn modes_follow_the_root_whatever_the_umask() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("shared");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o2770)).unwrap();
    let store = Store::open(&root).unwrap();
    let digest = store.insert(b"x").unwrap();
    store.set_reference("n", b"v").unwrap();
    store.put_action(&digest, b"r").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let blob = store.path(&digest);
    assert_eq!(mode(&blob), 0o440);
    assert_eq!(mode(blob.parent().unwrap()), 0o2770);
    assert_eq!(mode(&root.join("tmp")), 0o2770);
    assert_eq!(mode(&root.join("format")), 0o660);
    assert_eq!(mode(&root.join("locks/session")), 0o660);
}

#[test]
fn refuses_a_newer_or_foreign_format() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(directory.path()).unwrap());
    drop(Store::open(directory.path()).unwrap());
    let format = directory.path().join("format");
    fs::write(&format, "2\n").unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, StoreError::NewerFormat { found: 2, known: 1, .. }));
    assert!(error.hint().unwrap().contains("--cache-dir"));
    fs::write(&format, "\u{1}\u{2}").unwrap();
    assert!(matches!(Store::open(directory.path()), Err(StoreError::UnknownFormat { .. })));
}

#[test]
fn what_the_dead_left_half_written_is_gone_after_the_next_opening() {
    let (directory, store) = store();
    fs::write(directory.path().join("tmp/write-left"), b"half").unwrap();
    // Somebody else is alive: theirs to keep.
    let other = Store::open(directory.path()).unwrap();
    assert_eq!(temporary_files(&store), 1);
    drop((store, other));
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(temporary_files(&store), 0);
}

#[test]
fn threads_writing_the_same_blobs_agree() {
    let (_directory, store) = store();
    let contents: Vec<Vec<u8>> = (0..40u8).map(|n| vec![n; 1000 * usize::from(n)]).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for content in &contents {
                    let digest = store.insert(content).unwrap();
                    assert_eq!(&store.read(&digest, 1 << 20).unwrap(), content);
                }
            });
        }
    });
    assert_eq!(store.usage().unwrap().blobs, 40);
    assert_eq!(temporary_files(&store), 0);
}

#[test]
fn processes_opening_one_new_store_and_writing_the_same_blobs_agree() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("new/store");
    let children: Vec<_> = (0..6)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "writes_as_a_child_process", "--nocapture"])
                .env("BAREBOAT_TEST_ROOT", &root)
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = Store::open(&root).unwrap();
    let verified = store.verify(bareboat_store::Repair::Report, &|_| {}).unwrap();
    assert_eq!((verified.checked, verified.corrupt), (51, vec![]));
}

/// The body of the child processes above; alone it has nothing to do.
#[test]
fn writes_as_a_child_process() {
    let Some(root) = std::env::var_os("BAREBOAT_TEST_ROOT") else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    for n in 0..50u32 {
        let digest = store.insert(&n.to_le_bytes().repeat(5000)).unwrap();
        assert!(store.contains(&digest));
        store.set_reference("latest", n.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    // A file system of one mebibyte needs a mount, a mount needs a namespace of our own.
    let script = "mount -t tmpfs -o size=1m tmpfs \"$BAREBOAT_TEST_FULL\" && exec \"$0\" \"$@\"";
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "fills_a_disk_as_a_child_process", "--nocapture"])
        .env("BAREBOAT_TEST_FULL", directory.path())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    if !text.contains("filled the disk") {
        assert!(!text.contains("panicked"), "{text}");
        eprintln!("skipped: no user namespace with a mount here: {text}");
    }
}

/// The body of the child process above; alone it has nothing to do.
#[test]
fn fills_a_disk_as_a_child_process() {
    let Some(root) = std::env::var_os("BAREBOAT_TEST_FULL") else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let early = store.writer_sized(5 << 20).err().unwrap();
    assert!(matches!(early, StoreError::DiskFull { wanted: Some(5_242_880), .. }), "{early}");
    assert!(early.to_string().contains("tmp"), "{early}");
    let mut writer = store.writer().unwrap();
    let late = loop {
        if let Err(error) = writer.write_bytes(&[7; 100_000]) {
            break error;
        }
    };
    assert!(matches!(late, StoreError::DiskFull { wanted: None, .. }), "{late}");
    let behind_copy = std::io::copy(&mut std::io::repeat(7).take(9 << 20), &mut writer).unwrap_err();
    assert!(matches!(StoreError::inside(behind_copy), Ok(StoreError::DiskFull { .. })));
    drop(writer);
    assert_eq!(temporary_files(&store), 0);
    store.insert(b"there is room again").unwrap();
    eprintln!("filled the disk");
}

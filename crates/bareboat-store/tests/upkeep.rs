//! Usage, pruning and verification.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bareboat_store::{Digest, EntryKind, PruneOptions, Pruned, Repair, Store, Usage};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(86_400);

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

fn age(path: &Path, days: u32) {
    let file = File::open(path).unwrap();
    file.set_modified(SystemTime::now() - DAY * days).unwrap();
}

/// A blob of `size` bytes last used `days` ago.
fn aged_blob(store: &Store, size: usize, days: u32) -> Digest {
    let digest = store.insert(&vec![b'x'; size]).unwrap();
    age(&store.path(&digest), days);
    digest
}

fn nothing_but_now() -> PruneOptions {
    PruneOptions {
        max_bytes: None,
        older_than: None,
        now: SystemTime::now(),
        keep: BTreeSet::new(),
        dry_run: false,
    }
}

fn exists(store: &Store, digest: &Digest) -> bool {
    store.path(digest).exists()
}

#[test]
fn counts_what_is_there() {
    let (_directory, store) = store();
    store.insert(b"12345").unwrap();
    let key = store.insert(b"123").unwrap();
    store.put_action(&key, b"result").unwrap();
    store.set_reference("name", b"value").unwrap();
    let writer = store.writer().unwrap();
    let usage = store.usage().unwrap();
    let action_bytes = usage.action_bytes;
    assert!(action_bytes > 6);
    let expected = Usage {
        blobs: 2,
        blob_bytes: 8,
        actions: 1,
        action_bytes,
        roots: 0,
        root_bytes: 0,
        references: 1,
        temporary: 1,
        temporary_bytes: 0,
    };
    assert_eq!(usage, expected);
    drop(writer);
}

#[test]
fn prunes_the_least_recently_used_until_the_rest_fits() {
    let (_directory, mut store) = store();
    let oldest = aged_blob(&store, 1000, 9);
    let kept = aged_blob(&store, 2000, 8);
    let older = aged_blob(&store, 3000, 7);
    let newest = aged_blob(&store, 4000, 6);
    let options = PruneOptions {
        max_bytes: Some(6000),
        keep: BTreeSet::from([kept]),
        dry_run: true,
        ..nothing_but_now()
    };
    let planned = store.prune(&options, || {}).unwrap();
    assert!(exists(&store, &oldest), "a dry run removes nothing");
    let done = store.prune(&PruneOptions { dry_run: false, ..options }, || {}).unwrap();
    let expected = Pruned { blobs: 2, blob_bytes: 4000, remaining_bytes: 6000, ..Pruned::default() };
    assert_eq!((planned, done), (expected, expected));
    assert!(!exists(&store, &oldest) && !exists(&store, &older));
    assert!(exists(&store, &kept) && exists(&store, &newest));
}

#[test]
fn prunes_what_was_not_used_for_long_but_not_names() {
    let (directory, mut store) = store();
    let old = aged_blob(&store, 10, 31);
    let new = aged_blob(&store, 20, 29);
    store.put_action(&old, b"result").unwrap();
    age(&directory.path().join("actions").join(&old.hex()[..2]).join(old.hex()), 40);
    store.set_reference("name", b"v").unwrap();
    let options = PruneOptions { older_than: Some(DAY * 30), ..nothing_but_now() };
    let pruned = store.prune(&options, || {}).unwrap();
    assert_eq!((pruned.blobs, pruned.actions, pruned.remaining_bytes), (1, 1, 20));
    assert!(exists(&store, &new));
    assert_eq!(store.references().unwrap().len(), 1);
}

#[test]
fn a_use_is_recorded_once_a_day() {
    let (_directory, store) = store();
    let modified = |digest| fs::metadata(store.path(digest)).unwrap().modified().unwrap();
    let week_old = aged_blob(&store, 10, 7);
    let before = modified(&week_old);
    assert!(store.contains(&week_old));
    assert!(modified(&week_old) > before + DAY * 6);
    let fresh = store.insert(b"fresh").unwrap();
    let file = File::open(store.path(&fresh)).unwrap();
    file.set_modified(SystemTime::now() - DAY / 2).unwrap();
    let before = modified(&fresh);
    store.read(&fresh, 10).unwrap();
    assert_eq!(modified(&fresh), before);
}

#[test]
fn waits_for_other_processes_and_keeps_new_ones_waiting() {
    let (directory, other) = store();
    let mut store = Store::open(directory.path()).unwrap();
    let blob = aged_blob(&store, 10, 99);
    let options = PruneOptions { max_bytes: Some(0), ..nothing_but_now() };
    std::thread::scope(|scope| {
        let (announce, announced) = std::sync::mpsc::channel();
        let path = store.path(&blob);
        let pruning = scope.spawn(move || store.prune(&options, || announce.send(()).unwrap()).unwrap());
        announced.recv().unwrap();
        assert!(path.exists(), "another user is alive");
        drop(other);
        assert_eq!(pruning.join().unwrap().blobs, 1);
    });
}

#[test]
fn removes_what_dead_processes_left() {
    let (directory, mut store) = store();
    fs::write(directory.path().join("tmp/write-dead"), b"1234").unwrap();
    fs::write(directory.path().join("locks").join(Digest::of(b"n").hex()), b"").unwrap();
    let held = store.lock("held", || {}).unwrap();
    let pruned = store.prune(&nothing_but_now(), || {}).unwrap();
    assert_eq!((pruned.temporary, pruned.temporary_bytes), (1, 4));
    assert_eq!(
        fs::read_dir(directory.path().join("locks")).unwrap().count(),
        2,
        "the session and the held one"
    );
    drop(held);
}

#[test]
fn verify_finds_and_removes_everything_damaged() {
    let (directory, store) = store();
    let good = store.insert(&[1; 500_000]).unwrap();
    let bad = store.insert(b"bad").unwrap();
    store.put_action(&good, b"result").unwrap();
    store.set_reference("name", b"v").unwrap();
    let action = directory.path().join("actions").join(&good.hex()[..2]).join(good.hex());
    let reference = directory.path().join("references").join(Digest::of("name").hex());
    for path in [&store.path(&bad), &action, &reference] {
        fs::remove_file(path).unwrap();
        fs::write(path, b"dab").unwrap();
    }
    let most = AtomicU64::new(0);
    let progress = |progress: bareboat_store::VerifyProgress| {
        assert_eq!(progress.total, 500_003);
        most.fetch_max(progress.done, Ordering::Relaxed);
    };
    let verified = store.verify(Repair::Report, &progress).unwrap();
    assert_eq!((verified.checked, verified.bytes, most.into_inner()), (4, 500_003, 500_003));
    let kinds: Vec<EntryKind> = verified.corrupt.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Blob, EntryKind::Action, EntryKind::Reference]);
    assert!(exists(&store, &bad));
    assert_eq!(store.verify(Repair::Remove, &|_| {}).unwrap().corrupt, verified.corrupt);
    assert_eq!(store.verify(Repair::Report, &|_| {}).unwrap().corrupt, []);
    assert!(store.contains(&good));
}

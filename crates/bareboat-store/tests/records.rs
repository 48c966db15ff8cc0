//! The action cache, references and locks.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bareboat_store::{Digest, Store, StoreError};
use proptest::prelude::*;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

fn action_file(directory: &Path, key: &Digest) -> PathBuf {
    directory.join("actions").join(&key.hex()[..2]).join(key.hex())
}

#[test]
fn keeps_results_by_key() {
    let (_directory, store) = store();
    let key = Digest::of(b"key");
    assert_eq!(store.action(&key), None);
    store.put_action(&key, b"{}").unwrap();
    store.put_action(&key, b"{\"new\":1}").unwrap();
    assert_eq!(store.action(&key).unwrap(), b"{\"new\":1}");
    assert!(matches!(store.put_action(&key, &vec![0; 33 << 20]), Err(StoreError::TooLarge { .. })));
}

#[test]
fn a_damaged_or_moved_result_is_absent_and_removed() {
    let (directory, store) = store();
    let (key, other) = (Digest::of(b"key"), Digest::of(b"other"));
    store.put_action(&key, b"result").unwrap();
    store.put_action(&other, b"result").unwrap();
    let path = action_file(directory.path(), &key);
    let whole = fs::read(&path).unwrap();
    fs::copy(action_file(directory.path(), &other), &path).unwrap();
    assert_eq!(store.action(&key), None, "another key's record");
    assert!(!path.exists());
    for damaged in [&whole[..whole.len() - 1], b"", b"\n\n"] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.action(&key), None);
        assert!(!path.exists());
    }
    assert!(store.action(&other).is_some());
}

#[test]
fn references_are_set_replaced_listed_and_removed() {
    let (_directory, store) = store();
    assert_eq!(store.reference("app:1").unwrap(), None);
    store.set_reference("app:1", b"one").unwrap();
    store.set_reference("app:1", b"two").unwrap();
    store.set_reference("app:2", b"").unwrap();
    assert_eq!(store.reference("app:1").unwrap().unwrap(), b"two");
    let all = BTreeMap::from([("app:1".to_owned(), b"two".to_vec()), ("app:2".to_owned(), vec![])]);
    assert_eq!(store.references().unwrap(), all);
    assert!(store.remove_reference("app:1").unwrap());
    assert!(!store.remove_reference("app:1").unwrap());
    assert_eq!(store.references().unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_is_a_reference_name_and_stays_inside(names in prop::collection::btree_set(name(), 1..6)) {
        let (directory, store) = store();
        for name in &names {
            store.set_reference(name, name.as_bytes()).unwrap();
        }
        let files = fs::read_dir(directory.path().join("references")).unwrap().count();
        prop_assert_eq!(files, names.len());
        let listed: Vec<String> = store.references().unwrap().into_keys().collect();
        prop_assert_eq!(listed, names.iter().cloned().collect::<Vec<_>>());
        for name in &names {
            prop_assert_eq!(store.reference(name).unwrap().unwrap(), name.as_bytes());
            prop_assert!(store.remove_reference(name).unwrap());
        }
    }
}

/// Names that have broken file-name escaping before, and anything else.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("../../escape".to_owned()),
        Just("/absolute".to_owned()),
        Just("App".to_owned()),
        Just("app".to_owned()),
        Just("nul\0and\nnewline".to_owned()),
        Just("long".repeat(2000)),
        any::<String>(),
    ]
}

#[test]
fn an_exclusive_lock_excludes_and_leaves_no_file() {
    let (directory, store) = store();
    let held = store.try_lock("../name").unwrap().unwrap();
    assert!(store.try_lock("../name").unwrap().is_none());
    assert!(store.try_lock("another").unwrap().is_some());
    drop(held);
    assert!(store.try_lock("../name").unwrap().is_some());
    assert_eq!(fs::read_dir(directory.path().join("locks")).unwrap().count(), 1, "only the session");
}

#[test]
fn readers_share_and_keep_writers_out() {
    let (_directory, store) = store();
    let first = store.lock_shared("n", || panic!("nobody is there")).unwrap();
    let second = store.lock_shared("n", || panic!("readers share")).unwrap();
    assert!(store.try_lock("n").unwrap().is_none());
    drop((first, second));
    assert!(store.try_lock("n").unwrap().is_some());
}

#[test]
fn waiting_is_announced_once_and_ends() {
    let (_directory, store) = store();
    let held = store.try_lock("n").unwrap().unwrap();
    let (announced, released) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let lock = store.lock("n", || assert_eq!(announced.fetch_add(1, Ordering::SeqCst), 0)).unwrap();
            assert!(released.load(Ordering::SeqCst));
            drop(lock);
        });
        while announced.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        released.store(true, Ordering::SeqCst);
        drop(held);
        waiter.join().unwrap();
    });
    assert_eq!(announced.into_inner(), 1);
}

#[test]
fn many_threads_never_hold_one_name_together() {
    let (_directory, store) = store();
    let inside = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let lock = store.lock("n", || {}).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
}

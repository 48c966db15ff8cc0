//! What a sandboxed process sees of files, and what stays of what it did to them. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use bareboat_sandbox::*;
use fixture::{Root, listing, output, possible, printed};

#[test]
fn the_root_is_read_only_and_the_scratch_space_private() {
    require!(possible());
    let root = Root::new();
    let script = "touch /file 2>/dev/null && exit 1
        mkdir /usr/x 2>/dev/null && exit 2
        echo hello > /tmp/file && cat /tmp/file
        stat -c '%a %u' /tmp
        mount -o remount,rw / 2>/dev/null && exit 3
        exit 0";
    assert_eq!(printed(&root.shell(script)), "hello\n1777 0\n");
    assert!(!root.path().join("file").exists());
    assert!(!std::path::Path::new("/tmp/file-of-this-test").exists());
}

#[test]
fn missing_mount_points_leave_no_trace_in_a_read_only_root() {
    require!(possible());
    let root = Root::new();
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::set_permissions(root.path().join("etc"), fs::Permissions::from_mode(0o711)).unwrap();
    fs::write(root.path().join("etc/kept"), "kept").unwrap();
    symlink("../run/nowhere/resolv.conf", root.path().join("etc/resolv.conf")).unwrap();
    symlink("etc", root.path().join("configuration")).unwrap();
    let before = listing(root.path());
    let mut sandbox = root
        .shell("cat /etc/resolv.conf /etc/kept /etc/hosts /deep/er/file; stat -c %a /etc; ls -d /proc/self");
    sandbox.mounts.push(Mount::file("/etc/resolv.conf", "resolver\n"));
    sandbox.mounts.push(Mount::file("/configuration/hosts", "hosts\n"));
    sandbox.mounts.push(Mount::file("/deep/er/file", "deep\n"));
    assert_eq!(printed(&sandbox), "resolver\nkepthosts\ndeep\n711\n/proc/self\n");
    assert_eq!(listing(root.path()), before);
}

#[test]
fn a_root_with_all_mount_points_needs_no_overlay() {
    require!(possible());
    let root = Root::new();
    for name in ["proc", "dev", "sys", "tmp"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    let table = printed(&root.sandbox(&["cat", "/proc/self/mountinfo"]));
    let first = table.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(!first.contains("overlay"), "{first}");
    assert!(first.split(' ').nth(5).unwrap().starts_with("ro,nosuid,nodev"), "{first}");
}

#[test]
fn links_in_the_root_cannot_lead_a_mount_outside() {
    require!(possible());
    let root = Root::new();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), root.path().join("etc")).unwrap();
    symlink("../../../../../../../..", root.path().join("up")).unwrap();
    let mut sandbox = root.shell("cat /etc/hosts /up/top");
    sandbox.mounts.push(Mount::file("/etc/hosts", "hosts\n"));
    sandbox.mounts.push(Mount::file("/up/top", "top\n"));
    assert_eq!(printed(&sandbox), "hosts\ntop\n");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_writable_root_keeps_files_but_no_mount_points() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell("echo data > /result; mkdir /made; cat /etc/hosts; test -e /proc/self/exe");
    sandbox.root_mode = RootMode::Writable;
    sandbox.mounts.push(Mount::file("/etc/hosts", "hosts\n"));
    let before = listing(root.path());
    assert_eq!(printed(&sandbox), "hosts\n");
    let mut expected = before;
    expected.extend(["made".to_owned(), "result".to_owned()]);
    expected.sort();
    assert_eq!(listing(root.path()), expected);
}

#[test]
fn an_overlay_keeps_the_root_and_records_changes() {
    require!(possible());
    let root = Root::new();
    fs::write(root.path().join("old"), "old").unwrap();
    let changes = tempfile::tempdir().unwrap();
    let (upper, work) = (changes.path().join("upper"), changes.path().join("work"));
    fs::create_dir(&upper).unwrap();
    fs::create_dir(&work).unwrap();
    let mut sandbox = root.shell("rm /old; echo new > /new; cat /etc/hosts");
    sandbox.root_mode = RootMode::Overlay { below: Vec::new(), upper: upper.clone(), work };
    sandbox.mounts.push(Mount::file("/etc/hosts", "hosts\n"));
    let before = listing(root.path());
    match output(&sandbox) {
        Ok((status, text)) => {
            assert!(status.success());
            assert_eq!(text, "hosts\n");
        }
        Err(SandboxError::SetUp { step: Step::Overlay, error, .. }) => {
            eprintln!("skipped: no overlay file system here: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(listing(root.path()), before);
    // `old` is a whiteout; no mount point appears.
    assert_eq!(listing(&upper), ["new", "old"]);
}

#[test]
fn devices_are_few_and_work() {
    require!(possible());
    let root = Root::new();
    let script = "ls /dev; echo x > /dev/null; head -c 4 /dev/zero | od -An -tx1
        test $(head -c 8 /dev/urandom | wc -c) = 8
        echo out > /dev/stdout; test -c /dev/pts/ptmx; echo s > /dev/shm/x; ls -l /dev/fd/ | wc -l";
    let text = printed(&root.shell(script));
    let names: Vec<&str> = text.lines().take_while(|line| !line.starts_with(' ')).collect();
    let expected = [
        "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
        "urandom", "zero",
    ];
    assert_eq!(names, expected);
    assert!(text.contains(" 00 00 00 00\nout\n"), "{text}");
}

#[test]
fn a_given_directory_is_mounted_with_the_access_given() {
    require!(possible());
    let root = Root::new();
    let shared = tempfile::tempdir().unwrap();
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(shared.path().join("in"), "in\n").unwrap();
    let mut sandbox = root.shell("cat /data/in /again/in; echo out > /data/out; echo no > /again/no; exit 0");
    sandbox.stderr = Stdio::Null;
    sandbox.mounts.push(Mount::writable(shared.path(), "/data"));
    sandbox.mounts.push(Mount::read_only(shared.path(), "/again"));
    assert_eq!(printed(&sandbox), "in\nin\n");
    assert_eq!(listing(shared.path()), ["in", "out"]);
}

#[test]
fn scratch_space_has_the_size_and_owner_given() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell(
        "stat -c '%a %u %g' /cache; head -c 2000000 /dev/zero > /cache/x 2>/dev/null && exit 1; exit 0",
    );
    sandbox.mounts.push(Mount::Tmpfs {
        target: "/cache".into(),
        size: Some(65_536),
        mode: 0o750,
        owner: (0, 0),
    });
    assert_eq!(printed(&sandbox), "750 0 0\n");
}

#[test]
fn mounts_are_made_parents_first() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell("cat /a/b/file");
    sandbox.mounts.push(Mount::file("/a/b/file", "seen\n"));
    sandbox.mounts.push(Mount::scratch("/a", None));
    assert_eq!(printed(&sandbox), "seen\n");
}

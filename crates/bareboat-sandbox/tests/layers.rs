//! Roots and mounts made of several directories, and work on files inside a namespace. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bareboat_sandbox::*;
use fixture::{Root, has_many_users, listing, output, possible, printed};

/// New directories with these names.
fn directories<const N: usize>(names: [&str; N]) -> (tempfile::TempDir, [PathBuf; N]) {
    let parent = tempfile::tempdir().unwrap();
    let paths = names.map(|name| parent.path().join(name));
    for path in &paths {
        fs::create_dir(path).unwrap();
    }
    (parent, paths)
}

/// Whether overlays work here; says why not.
fn has_overlays() -> bool {
    let root = Root::new();
    let (_kept, [upper, work]) = directories(["upper", "work"]);
    let mut sandbox = root.shell("true");
    sandbox.root_mode = RootMode::Overlay { below: Vec::new(), upper, work };
    match output(&sandbox) {
        Ok(_) => true,
        Err(error) => {
            eprintln!("skipped: no overlay file system here: {error}");
            false
        }
    }
}

#[test]
fn several_directories_are_one_root() {
    require!(possible() && has_overlays());
    let root = Root::new();
    let (_kept, [middle, bottom, upper, work]) = directories(["middle", "bottom", "upper", "work"]);
    fs::write(middle.join("both"), "middle\n").unwrap();
    fs::write(bottom.join("both"), "bottom\n").unwrap();
    fs::create_dir(bottom.join("etc")).unwrap();
    fs::write(bottom.join("etc/kept"), "kept\n").unwrap();
    let mut sandbox = root.shell("cat /both /etc/kept /etc/hosts /deep/in/file; pwd; echo > out; rm /both");
    sandbox.root_mode = RootMode::Overlay { below: vec![middle.clone(), bottom], upper: upper.clone(), work };
    sandbox.mounts.push(Mount::file("/etc/hosts", "hosts\n"));
    sandbox.mounts.push(Mount::file("/deep/in/file", "deep\n"));
    sandbox.working_directory = "/new/directory".into();
    assert_eq!(printed(&sandbox), "middle\nkept\nhosts\ndeep\n/new/directory\n");
    assert_eq!(listing(&upper), ["both", "new", "new/directory", "new/directory/out"]);
    assert_eq!(listing(&middle), ["both"]);
}

#[test]
fn mounts_come_out_of_layers() {
    require!(possible() && has_overlays());
    let root = Root::new();
    let (_kept, [top, bottom, upper, work]) = directories(["top", "bottom", "upper", "work"]);
    for (layer, name) in [(&top, "top"), (&bottom, "bottom")] {
        fs::create_dir(layer.join("d")).unwrap();
        fs::write(layer.join("d").join(name), format!("{name}\n")).unwrap();
    }
    symlink("/d", top.join("link")).unwrap();
    symlink("/../../../etc/passwd", top.join("escape")).unwrap();
    let layers = vec![top.clone(), bottom];
    let mount = |path: &str, changes: Option<Changes>, target: &str| Mount::Layers {
        layers: layers.clone(),
        path: path.into(),
        changes,
        target: target.into(),
    };
    let script = "cat /m/top /m/bottom /file; ls /whole; (echo > /m/x) 2>/dev/null || echo read-only
        echo changed > /rw/top; cat /rw/top";
    let mut sandbox = root.shell(script);
    sandbox.mounts.extend([
        mount("link", None, "/m"),
        mount("d/bottom", None, "/file"),
        mount("", None, "/whole"),
        mount("d", Some(Changes { upper, work }), "/rw"),
    ]);
    assert_eq!(printed(&sandbox), "top\nbottom\nbottom\nd\nescape\nlink\nread-only\nchanged\n");
    assert_eq!(fs::read_to_string(top.join("d/top")).unwrap(), "top\n");
    let mut sandbox = root.shell("true");
    sandbox.mounts.push(mount("escape", None, "/x"));
    let error = output(&sandbox).unwrap_err();
    assert!(matches!(error, SandboxError::MountSource { .. }), "{error}");
}

#[test]
fn a_command_is_stopped_on_request() {
    require!(possible());
    let root = Root::new();
    let started = Instant::now();
    let stop = || started.elapsed() > Duration::from_millis(200);
    let limits = Limits { time: None, output: 100 };
    for script in ["sleep 100", "exec >/dev/null 2>&1; sleep 100", "yes"] {
        let finished = run_command_until(root.shell(script), limits, &stop, |_, _| {}).unwrap();
        assert_eq!(finished.ending, Ending::Stopped, "{script}");
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// A way of mapping many ids, for whoever runs the tests.
fn many_ids() -> Identity {
    if id_maps(Identity::Same).is_ok() { Identity::Same } else { Identity::Subordinate }
}

#[test]
fn a_helper_gives_and_sees_owners_that_exist_inside() {
    require!(possible() && has_many_users());
    let (kept, [directory]) = directories(["directory"]);
    let file = directory.join("file");
    let work = |output: &mut dyn Write| {
        let mut made = || {
            fs::write(&file, "content")?;
            chown(&file, Some(1234), Some(4321))?;
            let metadata = fs::metadata(&file)?;
            write!(output, "{}:{}", metadata.uid(), metadata.gid())
        };
        made().map_err(|error| error.to_string())
    };
    let helper = start_helper(many_ids(), work).unwrap();
    let mut text = String::new();
    helper.output(&|| false).read_to_string(&mut text).unwrap();
    helper.finish(&|| false).unwrap();
    assert_eq!(text, "1234:4321");
    // Without it, nobody could clean up.
    let remove = |_: &mut dyn Write| fs::remove_file(&file).map_err(|error| error.to_string());
    start_helper(many_ids(), remove).unwrap().finish(&|| false).unwrap();
    drop(kept);
}

#[test]
fn a_helper_says_what_went_wrong_and_can_be_stopped() {
    let fails = start_helper(Identity::Unmapped, |_| Err("it is Tuesday".to_owned())).unwrap();
    assert_eq!(fails.finish(&|| false).unwrap_err().to_string(), "it is Tuesday");
    let panics = start_helper(Identity::Unmapped, |_| std::process::abort()).unwrap();
    assert!(matches!(panics.finish(&|| false), Err(SandboxError::Vanished)));
    let endless = start_helper(Identity::Unmapped, |output| {
        loop {
            output.write_all(&[0; 4096]).map_err(|error| error.to_string())?;
        }
    });
    let started = Instant::now();
    let stopped = endless.unwrap().finish(&|| started.elapsed() > Duration::from_millis(100));
    assert!(matches!(stopped, Err(SandboxError::Stopped)));
    let sleeps = start_helper(Identity::Unmapped, |_| {
        std::thread::sleep(Duration::from_secs(1000));
        Ok(())
    });
    drop(sleeps.unwrap());
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_mere_root_needs_no_namespaces() {
    if !is_root() {
        eprintln!("skipped: only root may change its root");
        return;
    }
    let root = Root::new();
    let busybox = std::path::Path::new("/bin/busybox");
    if !busybox.exists() {
        eprintln!("skipped: no static busybox at `/bin/busybox`");
        return;
    }
    fs::copy(busybox, root.path().join("busybox")).unwrap();
    let script = "/busybox pwd; (/busybox setsid /busybox sleep 8642 &); exit 7";
    let mut sandbox = root.sandbox(&["/busybox", "sh", "-c", script]);
    sandbox.root_mode = RootMode::Chroot;
    sandbox.privileges = Privileges::SetUserId;
    sandbox.working_directory = "/made".into();
    let error = output(&sandbox).unwrap_err();
    assert!(error.to_string().contains("nothing can be mounted here"), "{error}");
    sandbox.mounts.clear();
    let (status, text) = output(&sandbox).unwrap();
    assert_eq!((status, text.as_str()), (ExitStatus::Exited(7), "/made\n"));
    let left = fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("8642")
    });
    assert!(!left);
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

//! Directories that somebody with bad luck or bad intentions hands over: links, names, pipes, crowds.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
#[allow(dead_code)]
mod job;
#[allow(dead_code)]
mod mirror;
#[allow(dead_code)]
mod place;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use bareboat_testkit::full;
use job::{Ended, Job, good};
use mirror::Mirror;

#[test]
fn links_that_leave_the_application_are_refused() {
    if !full::wanted("links") {
        return;
    }
    for target in ["/etc/passwd", "../../secret", "/", "sub/../../secret"] {
        let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
        fs::write(job.directory.path().join("secret"), "s3cret").unwrap();
        fs::create_dir(job.app().join("sub")).unwrap();
        fs::write(job.app().join("sub/file"), "").unwrap();
        let target = if target == "../../secret" { "../secret" } else { target };
        symlink(target, job.app().join("link")).unwrap();
        job.run(&mirror).input_says(&["link", target, "hint"]);
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    symlink("main.py", job.app().join("inside")).unwrap();
    symlink("loop-b", job.app().join("loop-a")).unwrap();
    symlink("loop-a", job.app().join("loop-b")).unwrap();
    symlink("nowhere", job.app().join("dangling")).unwrap();
    let ended = job.run(&mirror);
    ended.digest();
}

#[test]
fn a_dangling_link_cannot_lead_out_either() {
    if !full::wanted("dangling_link") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    symlink("../../not-here-but-there", job.app().join("link")).unwrap();
    job.run(&mirror).input_says(&["link", "../../not-here-but-there"]);
}

#[test]
fn absurd_names_arrive_as_they_are() {
    if !full::wanted("names") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    let long = "n".repeat(255);
    let names = [
        "two\nlines",
        "tab\t",
        " ",
        "-rf",
        "--",
        "a'b\"c",
        "back\\slash",
        "$(reboot)",
        "*",
        "...",
        "é и 漢",
        "\u{202e}txt.exe",
        "\u{1b}[31mred",
        "%41",
        "C:",
        "con",
        "~",
        "#",
        ".wh.file",
        "\u{7f}",
        &long,
    ];
    let mut expected = Vec::new();
    for name in names {
        // Names that layers give a meaning of their own cannot be in one.
        if !name.starts_with(".wh.") {
            fs::write(job.app().join(name), name).unwrap();
            expected.push(name.to_owned());
        }
    }
    let root = job.directory.path().join("root");
    let mut command = job.command(&mirror);
    Ended::of(command.arg("-o").arg(format!("dir:{}", root.display()))).digest();
    for name in &expected {
        assert_eq!(fs::read(root.join("app").join(name)).ok().as_deref(), Some(name.as_bytes()), "{name:?}");
    }
    fs::write(job.app().join(".wh.main.py"), "").unwrap();
    job.run(&mirror).input_says(&[".wh.main.py"]);
}

#[test]
fn names_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    if !full::wanted("names_without_text") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    fs::write(job.app().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    job.run(&mirror).input_says(&["UTF-8", "caf"]);
}

#[test]
fn pipes_sockets_and_devices_are_left_out_with_a_word() {
    if !full::wanted("special_files") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    apps::run(Command::new("mkfifo").arg(job.app().join("pipe")));
    let _socket = std::os::unix::net::UnixListener::bind(job.app().join("socket")).unwrap();
    let ended = job.run(&mirror);
    assert_eq!(ended.digest(), good().digest);
    for name in ["`pipe`", "`socket`"] {
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    }
}

#[test]
fn a_pipe_in_place_of_a_file_it_reads_does_not_hang_it() {
    if !full::wanted("pipes") {
        return;
    }
    for name in [
        "requirements.txt",
        "bareboat.toml",
        "bareboat.lock",
        "pyproject.toml",
        ".dockerignore",
        "Dockerfile",
        "Procfile",
        ".python-version",
        "uv.lock",
        "main.py",
        "manage.py",
    ] {
        let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
        let _ = fs::remove_file(job.app().join(name));
        apps::run(Command::new("mkfifo").arg(job.app().join(name)));
        let mut command = Command::new("timeout");
        let inner = job.command(&mirror);
        command
            .args(["20"])
            .env("BAREBOAT_CACHE_DIR", job.cache())
            .arg(inner.get_program())
            .args(inner.get_args());
        let ended = Ended::of(&mut command);
        assert_ne!(ended.code, Some(124), "waits for a pipe called {name}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    const SOMEBODY: u32 = 54_321;
    if !full::wanted("unreadable_file") || !place::is_root("unreadable_file") {
        return;
    }
    let (job, mirror) = (Job::new(), Mirror::start());
    let binary = job.directory.path().join("bareboat");
    fs::copy(env!("CARGO_BIN_EXE_bareboat"), &binary).unwrap();
    fs::set_permissions(job.directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(job.app().join("secret.key"), "").unwrap();
    fs::set_permissions(job.app().join("secret.key"), fs::Permissions::from_mode(0o600)).unwrap();
    use std::os::unix::process::CommandExt;
    let inner = job.command(&mirror);
    let mut command = Command::new(binary);
    command
        .args(inner.get_args())
        .env_clear()
        .env("BAREBOAT_CACHE_DIR", job.cache())
        .env("PATH", "/usr/bin:/bin");
    let ended = Ended::of(command.uid(SOMEBODY).gid(SOMEBODY).current_dir("/"));
    ended.input_says(&["secret.key", "Permission denied"]);
}

#[test]
fn ten_thousand_small_files_are_no_trouble() {
    if !full::wanted("many_files") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    for number in 0..10_000 {
        let directory = job.app().join(format!("data/{:02}", number % 100));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("{number}.txt")), number.to_string()).unwrap();
    }
    let begun = Instant::now();
    let first = job.builds(&mirror);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(job.builds(&mirror), first);
    fs::write(job.app().join("data/99/9999.txt"), "changed").unwrap();
    assert_ne!(job.builds(&mirror), first);
}

#[test]
fn deep_directories_are_built_or_refused() {
    if !full::wanted("deep_directories") {
        return;
    }
    let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
    let mut path = job.app();
    for _ in 0..400 {
        path.push("deeper");
    }
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("file"), "").unwrap();
    let ended = job.run(&mirror);
    assert!(matches!(ended.code, Some(0 | 2)), "{}", ended.stderr);
}

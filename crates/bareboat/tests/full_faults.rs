//! What happens when the network, the disk, the cache or another process misbehaves.

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
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bareboat_testkit::full;
use bareboat_testkit::http::Response;
use job::{Ended, Job, good};
use mirror::Mirror;
use rustix::process::{Pid, Signal, kill_process};

/// A package of the lock: its path on the mirror and its digest in hex.
fn package(name: &str) -> (String, String) {
    let lock: toml::Table = good().lock.parse().unwrap();
    let all = lock["architectures"]["amd64"]["packages"].as_array().unwrap();
    let one = all.iter().find(|one| one["name"].as_str() == Some(name)).unwrap();
    let text = |key: &str| one[key].as_str().unwrap();
    let archive = if text("archive") == "security" { "debian-security" } else { "debian" };
    (format!("/{archive}/{}", text("path")), text("sha256").trim_start_matches("sha256:").to_owned())
}

fn blob(cache: &Path, hex: &str) -> PathBuf {
    cache.join("blobs/sha256").join(&hex[..2]).join(hex)
}

#[test]
fn a_package_that_breaks_off_is_named_and_not_kept() {
    if !full::wanted("truncated_package") {
        return;
    }
    let (path, hex) = package("libffi8");
    let (job, mirror) = (Job::new(), Mirror::start());
    let bytes = mirror.bytes(&path);
    let half = bytes.len() / 2;
    mirror.server.route(&path, move |_| Response::ok(bytes.clone()).truncated_after(half));
    job.run(&mirror).world_says(&["libffi8"]);
    assert!(!blob(&job.cache(), &hex).exists());
    job.is_tidy();
    mirror.server.file(&path, mirror.bytes(&path));
    assert_eq!(job.builds(&mirror), good().digest);
}

#[test]
fn a_package_with_other_bytes_is_named_and_not_kept() {
    if !full::wanted("tampered_package") {
        return;
    }
    let (path, hex) = package("libffi8");
    let (job, mirror) = (Job::new(), Mirror::start());
    let mut bytes = mirror.bytes(&path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    mirror.server.file(&path, bytes.clone());
    job.run(&mirror).world_says(&["libffi8", &hex, "nothing was kept"]);
    assert!(!blob(&job.cache(), &hex).exists());
    job.is_tidy();
    bytes[middle] ^= 1;
    bytes.push(0);
    mirror.server.file(&path, bytes);
    job.run(&mirror).world_says(&["libffi8", "nothing was kept"]);
    mirror.server.file(&path, mirror.bytes(&path));
    assert_eq!(job.builds(&mirror), good().digest);
}

#[test]
fn a_release_file_that_nobody_signed_is_refused() {
    if !full::wanted("tampered_release") {
        return;
    }
    let path = "/debian/dists/trixie/InRelease";
    let (job, mirror) = (Job::new(), Mirror::start());
    fs::remove_file(job.app().join("bareboat.lock")).unwrap();
    let text = String::from_utf8(mirror.bytes(path)).unwrap();
    let tampered = text.replacen("Codename: trixie", "Codename: trixiE", 1);
    assert_ne!(text, tampered);
    mirror.server.file(path, tampered);
    job.run(&mirror).world_says(&["trixie", "signature"]);
    let unsigned = text.split("-----BEGIN PGP SIGNATURE-----").next().unwrap().to_owned();
    mirror.server.file(path, unsigned);
    job.run(&mirror).world_says(&["trixie"]);
    mirror.server.file(path, "<html>Please log in to the network</html>");
    job.run(&mirror).world_says(&["trixie"]);
    assert!(!job.app().join("bareboat.lock").exists());
    job.is_tidy();
}

#[test]
fn an_index_that_its_release_file_does_not_name_is_refused() {
    if !full::wanted("tampered_index") {
        return;
    }
    let (job, mirror) = (Job::new(), Mirror::start());
    fs::remove_file(job.app().join("bareboat.lock")).unwrap();
    mirror
        .server
        .route_below("/debian/dists/trixie/main/", |_| Response::ok(b"Package: evil\nVersion: 1\n".to_vec()));
    job.run(&mirror).world_says(&["trixie", "nothing was kept"]);
    assert!(!job.app().join("bareboat.lock").exists());
    job.is_tidy();
}

#[test]
fn a_mirror_that_is_busy_for_a_moment_is_asked_again() {
    if !full::wanted("busy_mirror") {
        return;
    }
    let (path, _) = package("libffi8");
    let (job, mirror) = (Job::new(), Mirror::start());
    let bytes = mirror.bytes(&path);
    mirror.server.sequence(&path, vec![Response::status(503), Response::dropped(), Response::file(bytes)]);
    let ended = job.run(&mirror);
    assert_eq!(ended.digest(), good().digest);
    assert!(ended.stderr.contains("trying again"), "{}", ended.stderr);
    assert!(mirror.server.count(&path) >= 3);
}

#[test]
fn a_mirror_that_is_not_there_is_named_soon() {
    if !full::wanted("no_mirror") {
        return;
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for has_lock in [true, false] {
        let job = Job::new();
        if !has_lock {
            fs::remove_file(job.app().join("bareboat.lock")).unwrap();
        }
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        command.env("BAREBOAT_CACHE_DIR", job.cache()).arg("build").arg(job.app());
        for path in ["debian", "debian-security"] {
            command.args(["--mirror", &format!("http://{gone}/{path}")]);
        }
        let ended = Ended::of(&mut command);
        ended.world_says(&[&gone.to_string(), "refused"]);
        assert!(ended.stderr.lines().count() < 30, "{}", ended.stderr);
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        job.is_tidy();
    }
}

#[test]
fn one_mirror_is_enough() {
    if !full::wanted("second_mirror") {
        return;
    }
    let (path, _) = package("libffi8");
    let (job, mirror, lacking) = (Job::new(), Mirror::start(), Mirror::start());
    lacking.server.route(&path, |_| Response::status(404));
    let mut command = job.command(&lacking);
    assert_eq!(Ended::of(command.args(mirror.options())).digest(), good().digest);
    assert_eq!(mirror.server.requests().len(), 1, "only what the first one lacks");
}

#[test]
fn builds_that_were_killed_leave_nothing_wrong_behind() {
    if !full::wanted("killed") {
        return;
    }
    let (job, mirror) = (Job::new(), Mirror::start());
    for (signal, milliseconds) in [
        (Signal::KILL, 150),
        (Signal::INT, 400),
        (Signal::KILL, 900),
        (Signal::INT, 1800),
        (Signal::KILL, 3000),
        (Signal::TERM, 4500),
    ] {
        let child = job.command(&mirror).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        std::thread::sleep(Duration::from_millis(milliseconds));
        let _ = kill_process(pid, signal);
        Ended::after(child);
        let verified = job.cache_command(&["cache", "verify"]);
        assert_eq!(verified.code, Some(0), "after {signal:?}: {}", verified.stderr);
    }
    assert_eq!(job.builds(&mirror), good().digest);
    assert_eq!(job.cache_command(&["cache", "prune", "--older", "1000"]).code, Some(0));
    job.is_tidy();
    assert_eq!(job.builds(&mirror), good().digest);
}

#[test]
fn two_builds_at_once_share_one_empty_cache() {
    if !full::wanted("two_at_once") {
        return;
    }
    let (job, mirror) = (Job::new(), Mirror::start());
    let start = || job.command(&mirror).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (first, second) = (start(), start());
    assert_eq!(Ended::after(first).digest(), good().digest);
    assert_eq!(Ended::after(second).digest(), good().digest);
    job.is_tidy();
}

#[test]
fn damage_anywhere_in_the_cache_is_noticed_and_made_good() {
    if !full::wanted("damaged_cache") {
        return;
    }
    let (clean, job, mirror) = (Job::new().with_good_cache(), Job::new().with_good_cache(), Mirror::start());
    let blobs = place::files_below(&job.cache().join("blobs"));
    let mut wrong = Vec::new();
    for (round, victim) in blobs.iter().step_by(blobs.len() / 16).enumerate() {
        let text = format!("round {round}");
        clean.says(&text);
        job.says(&text);
        place::flip(victim);
        let ended = job.run(&mirror);
        let wanted = clean.builds(&mirror);
        if ended.code != Some(0) || ended.digest() != wanted {
            wrong.push(format!("{}: {}", victim.display(), ended.stderr));
        }
        // Whether or not this build needed it, repairing leaves only what is whole.
        job.cache_command(&["cache", "verify", "--repair"]);
        assert_eq!(job.builds(&mirror), wanted);
        job.is_tidy();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_cache_that_is_damaged_all_over_is_made_good() {
    if !full::wanted("ruined_cache") {
        return;
    }
    let (clean, mirror) = (Job::new().with_good_cache(), Mirror::start());
    clean.says("changed");
    let wanted = clean.builds(&mirror);
    for part in ["actions", "blobs", "references"] {
        let job = Job::new().with_good_cache();
        for file in place::files_below(&job.cache().join(part)) {
            place::flip(&file);
        }
        job.says("changed");
        assert_eq!(job.builds(&mirror), wanted, "{part}");
        // A layer that is known is not read by a build. Who writes it out notices, and the next build makes it again.
        let layout = job.directory.path().join("layout");
        let output = format!("oci:{}", layout.display());
        let save = || job.cache_command(&["save", "app", "-o", &output]);
        let mut rounds = 0;
        while save().code != Some(0) {
            save().world_says(&["blob", "hint: run `bareboat build` again"]);
            assert_eq!(job.builds(&mirror), wanted, "{part}");
            rounds += 1;
            assert!(rounds < 5, "{part}: {}", save().stderr);
        }
        let files = place::files_below(&layout.join("blobs/sha256"));
        assert!(files.len() >= 5, "{files:?}");
        for file in files {
            let sum = apps::run(Command::new("sha256sum").arg(&file)).stdout;
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(String::from_utf8(sum).unwrap().starts_with(name), "{part}: {name} is damaged");
        }
    }
}

#[test]
fn entries_that_vanish_are_made_again() {
    if !full::wanted("emptied_cache") {
        return;
    }
    for part in ["actions", "blobs", "references", "rootfs"] {
        let (job, mirror) = (Job::new().with_good_cache(), Mirror::start());
        fs::remove_dir_all(job.cache().join(part)).unwrap();
        assert_eq!(job.builds(&mirror), good().digest, "{part}");
        job.is_tidy();
    }
}

#[test]
fn a_full_disk_is_named_and_left_without_rubbish() {
    if !full::wanted("full_disk") || !place::is_root("full_disk") {
        return;
    }
    for megabytes in [1, 8, 20, 40] {
        let (job, mirror) = (Job::new(), Mirror::start());
        fs::create_dir(job.cache()).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m none \"$CACHE\" && {{ \"$@\"; code=$?; find \"$CACHE/tmp\" -type f; exit $code; }}"
        );
        let inner = job.command(&mirror);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh"]);
        command.env("CACHE", job.cache()).env("BAREBOAT_CACHE_DIR", job.cache());
        let ended = Ended::of(command.arg(inner.get_program()).args(inner.get_args()));
        ended.world_says(&["no space left in", "bareboat cache prune"]);
        assert_eq!(ended.stdout, "", "{megabytes} MB");
    }
}

//! What happens when the network, the disk, the cache, another process or the application's directory misbehaves.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
mod mirror;
#[allow(dead_code)]
mod place;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bareboat_testkit::full;
use bareboat_testkit::http::Response;
use mirror::Mirror;
use rustix::process::{Pid, Signal, kill_process};

/// A small application with its lock, and an empty cache.
struct Job {
    directory: tempfile::TempDir,
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Job {
    fn new() -> Self {
        let job = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(job.app()).unwrap();
        job.says("hello");
        fs::write(job.app().join("bareboat.lock"), &good().lock).unwrap();
        job
    }

    /// Changes what the application prints.
    fn says(&self, text: &str) {
        let program = format!("if __name__ == '__main__':\n    print({text:?})\n");
        fs::write(self.app().join("main.py"), program).unwrap();
    }

    fn app(&self) -> PathBuf {
        self.directory.path().join("app")
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    fn command(&self, mirror: &Mirror) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        command.env_remove("SOURCE_DATE_EPOCH").env("BAREBOAT_CACHE_DIR", self.cache());
        command.arg("build").arg(self.app()).args(["--format", "json"]).args(mirror.options());
        command
    }

    fn run(&self, mirror: &Mirror) -> Ended {
        Ended::of(&mut self.command(mirror))
    }

    /// Builds; the digest.
    fn builds(&self, mirror: &Mirror) -> String {
        self.run(mirror).digest()
    }

    /// Another command on the same cache.
    fn cache_command(&self, words: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bareboat"));
        Ended::of(command.env("BAREBOAT_CACHE_DIR", self.cache()).args(words))
    }

    /// Nothing half-made lies about and everything kept is whole.
    fn is_tidy(&self) {
        assert_eq!(place::files_below(&self.cache().join("tmp")), Vec::<PathBuf>::new());
        let ended = self.cache_command(&["cache", "verify"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }

    /// Copies the cache of the job that went well.
    fn with_good_cache(self) -> Self {
        let mut copy = Command::new("cp");
        apps::run(copy.arg("-a").arg(good().job.cache()).arg(self.cache()));
        self
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self::after(child)
    }

    /// Waits, but not for ever.
    fn after(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        let (ended, waits) = std::sync::mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            let is_stuck = waits.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            if is_stuck {
                let _ = kill_process(pid, Signal::KILL);
            }
            is_stuck
        });
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        drop(ended);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("everything printed is UTF-8");
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!guard.join().unwrap(), "still running after {LONGEST:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { code: status.code(), stdout, stderr }
    }

    fn digest(&self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        let value: serde_json::Value = serde_json::from_str(&self.stdout).unwrap();
        value["result"]["descriptor"]["digest"].as_str().unwrap().to_owned()
    }

    /// The world's fault, said in words that hold all of `words`.
    fn world_says(&self, words: &[&str]) {
        self.ended_with(3, words);
    }

    /// The user's.
    fn input_says(&self, words: &[&str]) {
        self.ended_with(2, words);
    }

    fn ended_with(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
    }
}

const LONGEST: Duration = Duration::from_secs(240);

/// A build that went well, with its lock and the mirror that saw it.
struct Good {
    job: Job,
    lock: String,
    digest: String,
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let job = Job { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(job.app()).unwrap();
        job.says("hello");
        let digest = job.builds(&Mirror::start());
        let lock = fs::read_to_string(job.app().join("bareboat.lock")).unwrap();
        Good { job, lock, digest }
    })
}

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
    for megabytes in [1, 8, 30, 60] {
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

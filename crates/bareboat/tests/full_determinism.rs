//! The same application and lock give the same bytes, whoever builds, where, how and how often.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
mod example;
#[allow(dead_code)]
mod place;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_testkit::full;
use example::{Locked, build};

/// One way to build the example.
struct Way {
    directory: tempfile::TempDir,
    application: PathBuf,
    cache: PathBuf,
}

impl Way {
    /// A copy of the example, and a cache in which nothing was made yet.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let application = Locked::example().copy_below(directory.path());
        let cache = directory.path().join("cache");
        Locked::example().fresh_cache(&cache);
        Self { directory, application, cache }
    }

    fn command(&self) -> Command {
        let mut command = apps::bareboat();
        command.env("BAREBOAT_CACHE_DIR", &self.cache);
        self.asked(command)
    }

    /// What every way asks for; `--offline` shows that the lock and its files are enough.
    fn asked(&self, mut command: Command) -> Command {
        command.args(["build", "--offline", "--locked"]).arg(&self.application);
        command
    }
}

/// What the shared cache, which has built it before, says.
fn usual() -> String {
    build(apps::bareboat().args(["build", "--offline", "--locked"]).arg(Locked::example().path()))
}

#[test]
fn a_cache_without_results_gives_what_a_used_one_gives() {
    if !full::wanted("fresh_cache") {
        return;
    }
    let way = Way::new();
    assert_eq!(build(&mut way.command()), usual());
    assert_eq!(build(&mut way.command()), usual(), "again, now from results");
    fs::remove_dir_all(way.cache.join("actions")).unwrap();
    assert_eq!(build(&mut way.command()), usual(), "again, over blobs that are there already");
}

#[test]
fn umask_modes_times_and_place_of_the_files_change_nothing() {
    if !full::wanted("surroundings_of_the_files") {
        return;
    }
    let way = Way::new();
    for file in place::files_below(&way.application) {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(7);
        fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_bareboat")]);
    shell.env("BAREBOAT_CACHE_DIR", &way.cache).env_remove("SOURCE_DATE_EPOCH");
    assert_eq!(build(&mut way.asked(shell)), usual());
}

#[test]
fn locale_zone_hash_seed_and_threads_change_nothing() {
    if !full::wanted("environment") {
        return;
    }
    for (threads, zone, locale) in [("1", "Asia/Kathmandu", "tr_TR.UTF-8"), ("7", "America/St_Johns", "C")] {
        let way = Way::new();
        let mut command = way.command();
        command.env("RAYON_NUM_THREADS", threads).env("TZ", zone).env("LC_ALL", locale).env("LANG", locale);
        command.env("PYTHONHASHSEED", threads).env("PYTHONPATH", "/nowhere").env("PYTHONOPTIMIZE", "2");
        command.env("COLUMNS", "40").env("CI", "true").current_dir(&way.application);
        assert_eq!(build(&mut command), usual(), "{threads} threads");
    }
}

/// That locking finds something expired by then shows that the clock really is another one.
#[test]
fn the_clock_changes_nothing() {
    if !full::wanted("clock") {
        return;
    }
    let at = |clock: &str, cache: &Path| {
        let mut faked = Command::new("faketime");
        faked.args(["-f", &format!("@{clock}"), env!("CARGO_BIN_EXE_bareboat")]);
        faked.env("BAREBOAT_CACHE_DIR", cache).env("TZ", "UTC").env_remove("SOURCE_DATE_EPOCH");
        faked
    };
    for clock in ["2001-09-09 01:46:40", "2037-12-31 23:59:59"] {
        let way = Way::new();
        assert_eq!(build(&mut way.asked(at(clock, &way.cache))), usual(), "{clock}");
    }
    let way = Way::new();
    fs::remove_file(way.application.join("bareboat.lock")).unwrap();
    let mut locking = at("2037-12-31 23:59:59", &way.cache);
    let output = locking.arg("lock").arg(&way.application).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && talk.contains("expire"), "{talk}");
}

#[test]
fn an_ordinary_user_gets_what_root_gets() {
    if !full::wanted("ordinary_user") || !place::is_root("ordinary_user") {
        return;
    }
    // No account has this number, so nothing is looked up and no home is there.
    const NOBODY_IN_PARTICULAR: u32 = 54_321;
    let way = Way::new();
    let binary = way.directory.path().join("bareboat");
    fs::copy(env!("CARGO_BIN_EXE_bareboat"), &binary).unwrap();
    give(way.directory.path(), NOBODY_IN_PARTICULAR);
    let mut command = Command::new(&binary);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("BAREBOAT_CACHE_DIR", &way.cache);
    command.uid(NOBODY_IN_PARTICULAR).gid(NOBODY_IN_PARTICULAR).current_dir(way.directory.path());
    assert_eq!(build(&mut way.asked(command)), usual());
}

#[test]
fn source_date_epoch_decides_the_only_time_there_is() {
    if !full::wanted("source_date_epoch") {
        return;
    }
    let at = |epoch: &str| build(Way::new().command().env("SOURCE_DATE_EPOCH", epoch));
    let first = at("1700000000");
    assert_eq!(first, at("1700000000"));
    assert_ne!(first, usual());
    let output = Way::new().command().env("SOURCE_DATE_EPOCH", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn archives_have_the_same_bytes_each_time() {
    if !full::wanted("archives") {
        return;
    }
    let way = Way::new();
    for kind in ["docker-archive", "oci-archive"] {
        let write = |name: &str, way: &Way| {
            let file = way.directory.path().join(format!("{kind}-{name}.tar"));
            build(way.command().args(["-t", "shop:1", "-o"]).arg(format!("{kind}:{}", file.display())));
            fs::read(file).unwrap()
        };
        let first = write("first", &way);
        assert!(first == write("second", &way), "{kind} differs between two runs");
        assert!(first == write("third", &Way::new()), "{kind} differs between two caches");
    }
}

#[test]
fn the_other_architecture_needs_no_emulation_and_is_as_reproducible() {
    if !full::wanted("arm64") {
        return;
    }
    let build_for = |platforms: &str| {
        let way = Way::new();
        let layout = way.directory.path().join("layout");
        let mut command = way.command();
        command.args(["--platform", platforms, "-o"]).arg(format!("oci:{}", layout.display()));
        (build(&mut command), layout, way)
    };
    let (arm, ..) = build_for("linux/arm64");
    assert_eq!(arm, build_for("linux/arm64").0);
    let (index, layout, _way) = build_for("linux/amd64,linux/arm64");
    assert_eq!(index, build_for("linux/amd64,linux/arm64").0);
    let listed = json(&layout.join("blobs/sha256").join(index.strip_prefix("sha256:").unwrap()));
    let shown: Vec<String> = listed["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{}/{} {}",
                text(&one["platform"]["os"]),
                text(&one["platform"]["architecture"]),
                text(&one["digest"])
            )
        })
        .collect();
    assert_eq!(shown, [format!("linux/amd64 {}", usual()), format!("linux/arm64 {arm}")]);
}

#[test]
fn locking_again_writes_the_same_lock() {
    if !full::wanted("lock") {
        return;
    }
    let again = |options: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let application = Locked::example().copy_below(directory.path());
        fs::remove_file(application.join("bareboat.lock")).unwrap();
        apps::run(apps::bareboat().arg("lock").arg(&application).args(options));
        fs::read_to_string(application.join("bareboat.lock")).unwrap()
    };
    let both = ["--platform", "linux/amd64,linux/arm64"];
    let first = again(&both);
    assert_eq!(first, again(&both));
    assert_eq!(first, fs::read_to_string(Locked::example().path().join("bareboat.lock")).unwrap());
    assert_eq!(
        first,
        again(&["--platform", "linux/arm64,linux/amd64"]),
        "the order of platforms is nothing to a lock"
    );
    for word in ["http:", "https:", "tmp", "cache"] {
        assert!(!first.contains(&format!("\"{word}")), "a lock names no place: {word}");
    }
}

/// Gives everything at and below `path` to a user.
fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap()
}

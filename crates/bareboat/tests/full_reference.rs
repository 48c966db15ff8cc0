//! Parity with the field's reference images for Python: our image runs a program that checks, from inside, what those
//! promise. What needs tools from outside, the loader's cache and the layout of `/usr`, is checked on the unpacked root.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
#[allow(dead_code)]
mod place;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bareboat_testkit::full;

const PROGRAM: &str = include_str!("reference/main.py");

/// The reference program as an image, unpacked and archived.
struct Built {
    directory: tempfile::TempDir,
    tag: String,
    release: (&'static str, &'static str),
    /// Programs beside the interpreter, none of which can run without a shell.
    programs: &'static [&'static str],
}

impl Built {
    fn new(release: (&'static str, &'static str), options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tag = format!(
            "bareboat-reference/{}{}:1",
            release.1,
            options.concat().replace("--", "-").replace('=', "-")
        );
        fs::create_dir(directory.path().join("app")).unwrap();
        fs::write(directory.path().join("app/main.py"), PROGRAM).unwrap();
        let is_full = options.contains(&"--slice=full");
        let programs: &[&str] = if is_full { &["update-ca-certificates"] } else { &[] };
        let built = Self { directory, tag, release, programs };
        let mut command = apps::bareboat();
        command
            .arg("build")
            .arg(built.directory.path().join("app"))
            .args(["-t", &built.tag, "--debian", release.0]);
        command.arg("-o").arg(format!("docker-archive:{}", built.archive().display()));
        command.arg("-o").arg(format!("dir:{}", built.root().display()));
        apps::run(command.args(options));
        built
    }

    fn archive(&self) -> PathBuf {
        self.directory.path().join("image.tar")
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// What the program compares with, from the lock.
    fn expected(&self) -> String {
        let lock = fs::read_to_string(self.directory.path().join("app/bareboat.lock")).unwrap();
        // The tools of the debug variant are locked, too, and not in this image.
        let sections =
            lock.split("\n[[").filter(|section| !section.starts_with("architectures.amd64.debug]]"));
        let lock = sections.collect::<Vec<_>>().join("\n");
        let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let all = |key: &str| {
            lock.lines().filter(|line| line.starts_with(key)).filter_map(value).collect::<Vec<_>>()
        };
        let packages: BTreeMap<String, String> =
            all("name = ").into_iter().zip(all("version = \"")).collect();
        let expected = serde_json::json!({
            "debian": [self.release.0, self.release.1],
            "python": all("python = ").remove(0),
            "packages": packages,
            "replaced": ["usr/lib/os-release"],
            "dangling": DANGLING,
            "programs": self.programs,
        });
        expected.to_string()
    }

    fn run(&self, options: &[&str]) -> Output {
        apps::run(docker().args(["load", "-q", "-i"]).arg(self.archive()));
        let mut command = docker();
        command.args(["run", "--rm", "--network", "none", "--cap-drop", "ALL", "-e"]);
        command.arg(format!("EXPECTED={}", self.expected())).args(options).arg(&self.tag);
        command.output().unwrap()
    }

    fn check(&self) {
        let output = self.run(&[]);
        let shown =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && shown.contains("promises are kept"), "{shown}");
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = docker().args(["rmi", "-f", &self.tag]).output();
    }
}

const TRIXIE: (&str, &str) = ("13", "trixie");
const BOOKWORM: (&str, &str) = ("12", "bookworm");

/// Links of packages whose targets another package or the running system would bring.
const DANGLING: &[&str] = &[];

#[test]
fn debian_13_keeps_the_reference_images_promises() {
    if ready("debian_13_reference") {
        Built::new(TRIXIE, &[]).check();
    }
}

#[test]
fn debian_12_keeps_the_reference_images_promises() {
    if ready("debian_12_reference") {
        Built::new(BOOKWORM, &[]).check();
    }
}

#[test]
fn the_full_slice_keeps_them_too() {
    if ready("full_slice_reference") {
        Built::new(TRIXIE, &["--slice=full"]).check();
    }
}

#[test]
fn the_loaders_cache_is_what_ldconfig_would_write() {
    if !full::wanted("ldconfig") || !place::is_root("ldconfig") {
        return;
    }
    if !Path::new("/sbin/ldconfig").exists() {
        return full::skip("ldconfig", "there is no /sbin/ldconfig");
    }
    for release in [TRIXIE, BOOKWORM] {
        let built = Built::new(release, &[]);
        let root = built.root();
        let list = |cache: &str| {
            let output =
                apps::run(Command::new("/sbin/ldconfig").arg("-r").arg(&root).args(["-p", "-C", cache]));
            // The first line counts, the last names the program that wrote the cache.
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().filter(|line| line.starts_with('\t')).map(str::to_owned).collect::<Vec<_>>()
        };
        let ours = list("/etc/ld.so.cache");
        apps::run(Command::new("/sbin/ldconfig").arg("-r").arg(&root).args(["-X", "-C", "/etc/fresh.cache"]));
        assert_eq!(ours, list("/etc/fresh.cache"), "{}", release.1);
        assert!(ours.iter().any(|line| line.contains("libssl.so.3")), "{ours:?}");
    }
}

#[test]
fn usr_is_merged_by_links_and_nothing_lies_below_them() {
    if !full::wanted("merged_usr") {
        return;
    }
    for release in [TRIXIE, BOOKWORM] {
        let built = Built::new(release, &[]);
        let layers = entries_of_layers(&built.archive());
        for (alias, target) in
            [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")]
        {
            let link = fs::read_link(built.root().join(alias)).unwrap();
            assert_eq!(link, Path::new(target), "{} {alias}", release.1);
            let below: Vec<_> = layers.iter().filter(|path| path.starts_with(&format!("{alias}/"))).collect();
            assert!(below.is_empty(), "{} has {below:?}", release.1);
        }
        let hidden: Vec<_> = layers.iter().filter(|path| path.contains(".wh.")).collect();
        assert!(hidden.is_empty(), "no layer takes back what another brought: {hidden:?}");
    }
}

/// The paths of every entry of every layer of a `docker save` archive, as tar names them.
fn entries_of_layers(archive: &Path) -> Vec<String> {
    let unpacked = tempfile::tempdir().unwrap();
    apps::run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(unpacked.path()));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(unpacked.path().join("manifest.json")).unwrap()).unwrap();
    let mut paths = Vec::new();
    for layer in manifest[0]["Layers"].as_array().unwrap() {
        let output =
            apps::run(Command::new("tar").arg("-tf").arg(unpacked.path().join(layer.as_str().unwrap())));
        let text = String::from_utf8(output.stdout).unwrap();
        paths.extend(text.lines().map(|line| line.trim_start_matches("./").trim_end_matches('/').to_owned()));
    }
    assert!(paths.len() > 1000, "{} entries", paths.len());
    paths
}

fn ready(name: &str) -> bool {
    full::wanted(name) && full::has_program(name, "dockerd")
}

fn docker() -> Command {
    Command::new("/usr/bin/docker")
}

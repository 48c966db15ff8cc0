//! `bareboat build` of the example: cold, unchanged, one line changed, one dependency added, and one heavy wheel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Options;
use super::docker::{Docker, Registry};
use super::measure::{Median, median, once, size, time};

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), String> {
    let bench = Bench::prepare()?;
    println!("bareboat build examples/app_python, medians of {} runs", options.runs);
    let cold = bench.cold(options.runs)?;
    row("cold, with a lock", &cold);
    let bound = bench.bound()?;
    println!("  bound: {}", bound.text);
    println!("  cold / bound: {:.2}", cold.wall.as_secs_f64() / bound.total.as_secs_f64());
    row("nothing changed", &bench.unchanged(options.runs)?);
    row("one source line changed", &bench.line(options.runs)?);
    row("one dependency added (requests; lock, fetch, build)", &bench.dependency(options.runs)?);
    row("1 GB wheel, cold", &bench.heavy()?);
    if !options.docker {
        return Ok(());
    }
    match Docker::prepare(&bench.directory) {
        Err(reason) => println!("docker build: skipped: {reason}"),
        Ok(docker) => {
            let rival = median(options.runs.min(3), |_| docker.build(false))?;
            println!("docker build, two stages");
            let ratio = |rival: &Median| rival.wall.as_secs_f64() / cold.wall.as_secs_f64();
            row("cold, but the base image is there", &rival);
            println!("  docker / bareboat: {:.1}", ratio(&rival));
            row("nothing changed", &median(options.runs, |_| docker.build(true))?);
            match Registry::start(&bench.directory) {
                Err(reason) => println!("  cold, base pulled from loopback: skipped: {reason}"),
                Ok(registry) => {
                    let rival = median(options.runs.min(3), |_| docker.build_from(&registry))?;
                    row("cold, base pulled from a registry on loopback", &rival);
                    println!("  docker / bareboat: {:.1}", ratio(&rival));
                }
            }
        }
    }
    Ok(())
}

fn row(what: &str, median: &Median) {
    println!("  {what:<52} {:>10}  peak {:>9}", time(median.wall), size(median.memory));
}

struct Bench {
    binary: PathBuf,
    /// Removed with everything in it at the end.
    directory: PathBuf,
}

struct Bound {
    text: String,
    total: Duration,
}

impl Bench {
    fn prepare() -> Result<Self, String> {
        let status =
            crate::cargo().args(["build", "--release", "--workspace", "--bins", "--examples"]).status();
        if !status.is_ok_and(|status| status.success()) {
            return Err("`cargo build --release` failed".to_owned());
        }
        let directory = std::env::temp_dir().join(format!("bareboat-bench-{}", std::process::id()));
        let bench = Self { binary: crate::root().join("target/release/bareboat"), directory };
        copy(&crate::root().join("examples/app_python"), &bench.application())?;
        once(&mut bench.build("lock"))?;
        Ok(bench)
    }

    fn application(&self) -> PathBuf {
        self.directory.join("app_python")
    }

    fn build(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args([verb, "--quiet"]).arg(self.application()).env("BAREBOAT_CACHE_DIR", self.cache());
        command
    }

    fn cache(&self) -> PathBuf {
        self.directory.join("cache")
    }

    fn cold(&self, runs: usize) -> Result<Median, String> {
        median(runs, |_| {
            remove(&self.cache())?;
            once(&mut self.build("build"))
        })
    }

    fn unchanged(&self, runs: usize) -> Result<Median, String> {
        median(runs * 4, |_| once(&mut self.build("build")))
    }

    fn line(&self, runs: usize) -> Result<Median, String> {
        let file = self.application().join("app.py");
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        median(runs * 2, |run| {
            fs::write(&file, format!("{text}\n# run {run}\n")).map_err(|error| error.to_string())?;
            once(&mut self.build("build"))
        })
    }

    fn dependency(&self, runs: usize) -> Result<Median, String> {
        let file = self.application().join("requirements.txt");
        let lock = self.application().join("bareboat.lock");
        let (text, locked) = (read(&file)?, read(&lock)?);
        let result = median(runs.min(3), |run| {
            write(&lock, &locked)?;
            remove(&self.cache())?;
            write(&file, &text)?;
            once(&mut self.build("build"))?;
            write(&file, &format!("{text}\nrequests\n# run {run}\n"))?;
            once(&mut self.build("build"))
        });
        write(&file, &text)?;
        write(&lock, &locked)?;
        result
    }

    /// A wheel with a gigabyte that does not compress, from a directory: what bounded memory means.
    fn heavy(&self) -> Result<Median, String> {
        let application = self.directory.join("heavy");
        fs::create_dir_all(&application).map_err(|error| error.to_string())?;
        run_quietly(
            Command::new(crate::root().join("target/release/examples/heavy_wheel")).arg(&application),
        )?;
        let build = || {
            let mut command = Command::new(&self.binary);
            command.args(["build", "--quiet"]).arg(&application).env("BAREBOAT_CACHE_DIR", self.cache());
            once(&mut command)
        };
        let result = median(1, |_| build());
        remove(&application)?;
        result
    }

    fn bound(&self) -> Result<Bound, String> {
        let lock = self.application().join("bareboat.lock");
        let configured = read(&self.application().join("bareboat.toml"))?;
        let slice = configured.lines().find_map(|line| line.strip_prefix("slice = \""));
        let output = Command::new(crate::root().join("target/release/examples/bound"))
            .args([&lock, &self.cache()])
            .arg(slice.map_or("safe", |slice| slice.trim_end_matches('"')))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot run the bound: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let result: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let number = |name: &str| result[name].as_f64().ok_or(format!("the bound does not say `{name}`"));
        let (download, unpacked, pulled, seconds) =
            (number("download")?, number("unpacked")?, number("compressed")?, number("seconds")?);
        let rate = download_rate(&read(&lock)?)?;
        let network = download / rate;
        let text = format!(
            "download {:.1} MB at {:.1} MB/s = {network:.2} s; decompress and hash {:.1} MB, compress to {:.1} MB on all \
             cores = {seconds:.2} s",
            download / 1e6,
            rate / 1e6,
            unpacked / 1e6,
            pulled / 1e6,
        );
        Ok(Bound { text, total: Duration::from_secs_f64(network + seconds) })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Bytes a second from the host's own Debian mirror, for the two largest packages of the lock at once, by curl.
fn download_rate(lock: &str) -> Result<f64, String> {
    let mut paths: Vec<(u64, &str)> = Vec::new();
    let mut path = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("path = \"pool/main/") {
            path = value.trim_end_matches('"');
        } else if let (Some(size), false) = (line.strip_prefix("size = "), path.is_empty()) {
            paths.push((size.parse().unwrap_or_default(), std::mem::take(&mut path)));
        }
    }
    paths.sort_unstable_by(|a, b| b.cmp(a));
    let mirror = mirror().ok_or("no Debian mirror in the host's apt sources")?;
    let mut command = Command::new("curl");
    command.args(["--silent", "--fail", "--location", "--parallel"]);
    let mut bytes = 0;
    for (size, path) in paths.iter().take(2) {
        bytes += size;
        command.arg(format!("{mirror}/pool/main/{path}")).args(["--output", "/dev/null"]);
    }
    let started = Instant::now();
    run_quietly(&mut command)?;
    Ok(bytes as f64 / started.elapsed().as_secs_f64())
}

/// The first mirror of the main archive in the host's apt sources.
fn mirror() -> Option<String> {
    let text = crate::test::apt_sources();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines
        .flat_map(str::split_whitespace)
        .filter(|word| word.starts_with("http") && !word.contains("security"));
    words.next().map(|word| word.trim_end_matches('/').to_owned())
}

fn run_quietly(command: &mut Command) -> Result<(), String> {
    once(command).map(|_| ())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| error.to_string())?;
    for entry in fs::read_dir(from).map_err(|error| error.to_string())?.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != "bareboat.lock" {
            fs::copy(entry.path(), target).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn remove(directory: &Path) -> Result<(), String> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

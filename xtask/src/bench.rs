//! Benchmarks: the whole command, side by side with its rivals in one run, medians of several.
//!
//! Figures depend on the machine and on what else it does; they are printed, never asserted. Each stands beside its
//! bound: what must be downloaded, decompressed, compressed and hashed, done by nothing but the same libraries.

mod build;
mod docker;
mod measure;

/// `bench [--runs N] [--no-docker] [NAME …]`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut options = Options { runs: 5, docker: true };
    let mut names = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--no-docker" => options.docker = false,
            "--runs" => {
                let runs = arguments.next().and_then(|text| text.parse().ok()).filter(|runs| *runs > 0);
                options.runs = runs.ok_or("`--runs` wants a number")?;
            }
            name => names.push(name),
        }
    }
    let known = ["build"];
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no benchmark `{unknown}`; there are: {}", known.join(", ")));
    }
    build::run(&options)
}

struct Options {
    /// Runs of each scenario; the median is printed.
    runs: usize,
    /// Also measure `docker build`.
    docker: bool,
}

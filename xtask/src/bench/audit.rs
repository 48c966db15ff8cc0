//! `bareboat audit` on a large image, beside decompressing and hashing its layers once with the same libraries.
//!
//! The image is made by code: a gigabyte, 40 layers, 200,000 files.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::Options;
use super::measure::{median, once_judging, size, time};

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), String> {
    let target = crate::root().join("target/release");
    cargo(&["build", "--release", "--workspace", "--bin", "bareboat"])?;
    cargo(&["build", "--release", "--workspace", "--example", "audit_bound"])?;
    let binary = options.binary.clone().unwrap_or_else(|| target.join("bareboat"));
    let work = Work::new()?;
    let example = |action: &str| {
        let mut command = Command::new(target.join("examples/audit_bound"));
        command.arg(action).arg(&work.0);
        let output = command.output().map_err(|error| format!("cannot run the bound: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(format!("the bound failed: {}", String::from_utf8_lossy(&output.stderr))),
        }
    };
    example("make")?;
    let mut bounds = Vec::new();
    for _ in 0..options.runs {
        let said: Value = serde_json::from_str(&example("measure")?).map_err(|error| error.to_string())?;
        bounds.push(said["seconds"].as_f64().ok_or("the bound says no seconds")?);
    }
    bounds.sort_by(f64::total_cmp);
    let bound = bounds[bounds.len() / 2];
    let audit = median(options.runs, |_| {
        let mut command = Command::new(&binary);
        command.arg("--cache-dir").arg(&work.0).args(["audit", "big:1", "--format", "json"]);
        once_judging(&mut command)
    })?;
    println!("bareboat audit, medians of {} runs; a gigabyte, 40 layers, 200,000 files", options.runs);
    println!("  audit: {}, {} at the peak", time(audit.wall), size(audit.memory));
    println!("  decompress and hash once: {bound:.2} s");
    println!("  audit / bound: {:.2} (goal: 1.5), memory goal: 300 MB", audit.wall.as_secs_f64() / bound);
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(env!("CARGO")).args(arguments).current_dir(crate::root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

/// A store that goes away in the end.
struct Work(PathBuf);

impl Work {
    fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("bareboat-bench-audit-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make `{}`: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

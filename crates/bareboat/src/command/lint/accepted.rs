//! The baseline file: reading it, taking out of the reports what it accepts, writing it.

use std::path::{Path, PathBuf};

use bareboat_inspect::lint::Baseline;
use bareboat_report::FileReport;

use super::judge::Judged;
use super::source;
use super::walk::absolute;
use crate::failure::Failure;

/// Takes out what the baseline at `path` accepts; how many findings that were.
pub fn accept(path: &Path, judged: &mut [Judged]) -> Result<usize, Failure> {
    let unreadable = |error| {
        Failure::input(format!("cannot read the baseline `{}`", path.display()))
            .because(error)
            .hint("write it with `--write-baseline`")
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let baseline = Baseline::parse(&text).map_err(|error| {
        Failure::input(format!("cannot use the baseline `{}`", path.display())).because(error)
    })?;
    let accepted = judged.iter_mut().map(|judged| {
        let name = name(path, &judged.report);
        baseline.accept(&name, &mut judged.report)
    });
    Ok(accepted.sum())
}

/// Writes a baseline that accepts all there is; how many findings that are.
pub fn write(path: Option<&PathBuf>, judged: &[Judged]) -> Result<usize, Failure> {
    let Some(path) = path else {
        return Err(Failure::input("nothing says where the baseline is")
            .hint("name it, as in `--baseline lint-baseline.json --write-baseline`"));
    };
    let names: Vec<String> = judged.iter().map(|judged| name(path, &judged.report)).collect();
    let reports = names.iter().map(String::as_str).zip(judged.iter().map(|judged| &judged.report));
    let baseline = Baseline::of(reports);
    source::write(path, baseline.write().as_bytes())?;
    Ok(baseline.len())
}

/// A file's name as the baseline has it: relative to the baseline, from wherever the program runs.
fn name(baseline: &Path, report: &FileReport) -> String {
    let root = absolute(baseline).parent().map(Path::to_owned).unwrap_or_default();
    let path = absolute(Path::new(&report.path));
    path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned()
}

//! Benchmarks: the whole command, side by side with its rivals in one run, medians of several.

/// `bench [NAME …]`.
pub fn run(_names: &[String]) -> Result<(), String> {
    Err("no benchmark yet".to_owned())
}

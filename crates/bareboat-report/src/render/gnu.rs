//! One line per finding, as compilers write them (GNU coding standards, 4.4), for editors and problem matchers.

use std::fmt::Write;

use super::title;
use crate::FileReport;

/// `FILE:LINE:COLUMN: SEVERITY: MESSAGE [RULE]`, a line each.
pub fn gnu(files: &[FileReport]) -> String {
    let mut text = String::new();
    for file in files {
        for finding in &file.findings {
            let place = match finding.place.is_whole() {
                true => String::new(),
                false => format!("{}:{}:", finding.place.line, finding.place.column),
            };
            let (path, severity) = (one_line(&file.path), finding.severity);
            let (message, title) = (one_line(&finding.message), title(finding));
            let _ = writeln!(text, "{path}:{place} {severity}: {message} [{title}]");
        }
    }
    text
}

/// A message may quote what stands in the file.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

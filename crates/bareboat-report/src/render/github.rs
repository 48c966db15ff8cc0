//! GitHub's workflow commands: a line on stdout becomes an annotation beside the line of the change.
//! (docs.github.com, "Workflow commands for GitHub Actions"; escaping as `@actions/core` does it.)

use std::fmt::Write;

use super::{title, whole_message};
use crate::{FileReport, Finding, Severity};

/// A command per finding.
pub fn github(files: &[FileReport]) -> String {
    let mut text = String::new();
    for file in files {
        for finding in &file.findings {
            let command = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Style => "notice",
            };
            let (path, place) = (property(&file.path), place(finding));
            let (title, message) = (property(&title(finding)), data(&whole_message(finding)));
            let _ = writeln!(text, "::{command} file={path}{place},title={title}::{message}");
        }
    }
    text
}

/// Columns mean something to GitHub only on one line.
fn place(finding: &Finding) -> String {
    let place = &finding.place;
    match place.line == place.end_line {
        true if place.is_whole() => String::new(),
        true => format!(
            ",line={},endLine={},col={},endColumn={}",
            place.line, place.end_line, place.column, place.end_column
        ),
        false => format!(",line={},endLine={}", place.line, place.end_line),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

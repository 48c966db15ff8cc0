//! JUnit's XML: a file is a suite, a finding is a test that failed; a file without findings has a test that passed.

use std::fmt::Write;

use super::title;
use super::xml::{DECLARATION, escape};
use crate::{FileReport, Finding};

/// Everything found, as test results.
pub fn junit(files: &[FileReport]) -> String {
    let failures: usize = files.iter().map(|file| file.findings.len()).sum();
    let tests: usize = files.iter().map(|file| file.findings.len().max(1)).sum();
    let mut text = format!(
        "{DECLARATION}<testsuites name=\"bareboat\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    );
    files.iter().for_each(|file| text.push_str(&suite(file)));
    text.push_str("</testsuites>\n");
    text
}

fn suite(file: &FileReport) -> String {
    let (path, failures) = (escape(&file.path), file.findings.len());
    let tests = failures.max(1);
    let mut text = format!(
        "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n"
    );
    if file.findings.is_empty() {
        let _ = writeln!(text, "    <testcase name=\"nothing found\" classname=\"{path}\"/>");
    }
    for finding in &file.findings {
        let name = format!("{}{}", title(finding), place(finding, " at "));
        let _ = write!(
            text,
            "    <testcase name=\"{}\" classname=\"{path}\">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>\n",
            escape(&name),
            escape(&finding.message),
            finding.severity,
            escape(&detail(&file.path, finding)),
        );
    }
    text.push_str("  </testsuite>\n");
    text
}

/// Line and column behind a word; nothing for the file as a whole.
fn place(finding: &Finding, before: &str) -> String {
    match finding.place.is_whole() {
        true => String::new(),
        false => format!("{before}{}:{}", finding.place.line, finding.place.column),
    }
}

/// What a reader of the log needs: the place, and the rest of the words.
fn detail(path: &str, finding: &Finding) -> String {
    let rest = finding.notes.iter().map(String::as_str).chain(finding.help.as_deref());
    let place = format!("{path}{}", place(finding, ":"));
    let lines: Vec<&str> = [place.as_str()].into_iter().chain(rest).collect();
    lines.join("\n")
}

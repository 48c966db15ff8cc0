//! A table per file, for a comment on a change or a job's summary.

use std::fmt::Write;

use crate::{FileReport, Finding, Severity};

/// Everything found; files without findings are only counted.
pub fn markdown(files: &[FileReport]) -> String {
    let count = |severity| {
        let findings = files.iter().flat_map(|file| &file.findings);
        findings.filter(|finding| finding.severity == severity).count()
    };
    let mut text = String::from("| files |");
    Severity::ALL.iter().rev().for_each(|severity| _ = write!(text, " {severity} |"));
    let _ = write!(text, "\n|--:|--:|--:|--:|--:|\n| {} |", files.len());
    Severity::ALL.iter().rev().for_each(|severity| _ = write!(text, " {} |", count(*severity)));
    text.push('\n');
    for file in files.iter().filter(|file| !file.findings.is_empty()) {
        let _ =
            write!(text, "\n### {}\n\n| place | severity | rule | |\n|--:|---|---|---|\n", plain(&file.path));
        file.findings.iter().for_each(|finding| text.push_str(&row(finding)));
    }
    text
}

fn row(finding: &Finding) -> String {
    let aliases: Vec<&str> = finding.aliases.iter().map(AsRef::as_ref).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!("<br>{}", aliases.join(", ")) };
    let rest = finding.notes.iter().map(String::as_str).chain(finding.help.as_deref());
    let message: Vec<String> = [finding.message.as_str()].into_iter().chain(rest).map(plain).collect();
    let (severity, rule) = (finding.severity, &finding.rule);
    let place = match finding.place.is_whole() {
        true => String::new(),
        false => format!("{}:{}", finding.place.line, finding.place.column),
    };
    format!("| {place} | {severity} | `{rule}`{aliases} | {} |\n", message.join("<br>"))
}

/// Text that cannot end a cell, open a tag, or start a mention; code in backticks stays code.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut code = false;
    for char in text.chars() {
        match char {
            '`' => {
                code = !code;
                plain.push('`');
            }
            '|' => plain.push_str("\\|"),
            '\n' | '\r' => plain.push(' '),
            '<' if !code => plain.push_str("&lt;"),
            '*' | '_' | '[' | ']' | '#' | '@' if !code => plain.extend(['\\', char]),
            other => plain.push(other),
        }
    }
    plain
}

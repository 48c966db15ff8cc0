//! Checkstyle's XML, which many servers and editors read. `source` is the rule; there is no severity `style`.

use std::fmt::Write;

use super::whole_message;
use super::xml::{DECLARATION, escape};
use crate::{FileReport, Finding, Severity};

/// Everything found; every file that was looked at is in the document.
pub fn checkstyle(files: &[FileReport]) -> String {
    let mut text = format!("{DECLARATION}<checkstyle version=\"4.3\">\n");
    for file in files {
        let _ = writeln!(text, "  <file name=\"{}\">", escape(&file.path));
        file.findings.iter().for_each(|finding| text.push_str(&error(finding)));
        text.push_str("  </file>\n");
    }
    text.push_str("</checkstyle>\n");
    text
}

fn error(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "info",
    };
    format!(
        "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{}\" source=\"bareboat.{}\"/>\n",
        finding.place.line.max(1),
        finding.place.column.max(1),
        escape(&whole_message(finding)),
        escape(&finding.rule),
    )
}

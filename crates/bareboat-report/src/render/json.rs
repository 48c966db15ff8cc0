//! Findings for programs. The document carries its version; fields are only ever added to it.
//!
//! What is written borrows from the findings: a second copy of all of them, as a tree of values, took more time and
//! memory than finding them.

use serde::Serialize;

use crate::{FileReport, Finding, Fix, Place};

/// Everything found, as one JSON document with a line end.
pub fn json(files: &[FileReport]) -> String {
    let document = Document { files: files.iter().map(file).collect(), version: 1 };
    // Writing these types to memory cannot fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

// Fields in the order of the alphabet: what reads two documents side by side finds them in one order.

#[derive(Serialize)]
struct Document<'f> {
    files: Vec<FileEntry<'f>>,
    version: u32,
}

#[derive(Serialize)]
struct FileEntry<'f> {
    findings: Vec<FindingEntry<'f>>,
    path: &'f str,
}

#[derive(Serialize)]
struct FindingEntry<'f> {
    aliases: Vec<&'f str>,
    column: usize,
    end_column: usize,
    end_line: usize,
    fix: Option<FixEntry<'f>>,
    help: Option<&'f str>,
    line: usize,
    message: &'f str,
    notes: &'f [String],
    related: Vec<RelatedEntry<'f>>,
    rule: &'f str,
    severity: &'f str,
}

#[derive(Serialize)]
struct RelatedEntry<'f> {
    column: usize,
    end_column: usize,
    end_line: usize,
    line: usize,
    message: &'f str,
}

#[derive(Serialize)]
struct FixEntry<'f> {
    edits: Vec<EditEntry<'f>>,
    safety: &'f str,
    title: &'f str,
    writes: Vec<WriteEntry<'f>>,
}

/// By bytes: `start` is the first one, `end` the first one after.
#[derive(Serialize)]
struct EditEntry<'f> {
    end: usize,
    replacement: &'f str,
    start: usize,
}

#[derive(Serialize)]
struct WriteEntry<'f> {
    content: &'f str,
    path: &'f str,
}

fn file(report: &FileReport) -> FileEntry<'_> {
    FileEntry { findings: report.findings.iter().map(finding).collect(), path: &report.path }
}

fn finding(finding: &Finding) -> FindingEntry<'_> {
    let Place { line, column, end_line, end_column, .. } = finding.place;
    let related = finding.related.iter().map(|related| {
        let Place { line, column, end_line, end_column, .. } = related.place;
        RelatedEntry { column, end_column, end_line, line, message: &related.message }
    });
    FindingEntry {
        aliases: finding.aliases.iter().map(AsRef::as_ref).collect(),
        column,
        end_column,
        end_line,
        fix: finding.fix.as_ref().map(fix),
        help: finding.help.as_deref(),
        line,
        message: &finding.message,
        notes: &finding.notes,
        related: related.collect(),
        rule: &finding.rule,
        severity: finding.severity.as_str(),
    }
}

fn fix(fix: &Fix) -> FixEntry<'_> {
    let edits = fix.edits.iter().map(|edit| EditEntry {
        end: edit.range.end,
        replacement: &edit.replacement,
        start: edit.range.start,
    });
    let writes = fix.writes.iter().map(|write| WriteEntry { content: &write.content, path: &write.path });
    FixEntry {
        edits: edits.collect(),
        safety: fix.safety.as_str(),
        title: &fix.title,
        writes: writes.collect(),
    }
}

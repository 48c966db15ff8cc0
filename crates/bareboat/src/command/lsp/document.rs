//! A document as the editor has it, and what was found in it.

use std::path::{Path, PathBuf};

use bareboat_dockerfile::LineIndex;
use bareboat_report::Finding;
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::encoding::Encoding;
use super::options::Judge;

/// An open document.
pub struct Document {
    /// Its address.
    pub uri: Uri,
    /// Its text now.
    pub text: String,
    /// The editor's number for this text.
    pub version: i32,
    /// What is wrong with this text; `None` when it was not judged yet.
    findings: Option<Vec<Finding>>,
}

impl Document {
    /// A document that was opened.
    pub fn new(uri: Uri, text: String, version: i32) -> Self {
        Self { uri, text, version, findings: None }
    }

    /// Makes changes in their order; each sees the text after the ones before it.
    pub fn change(&mut self, encoding: Encoding, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        self.findings = None;
        for change in changes {
            let Some(range) = change.range else {
                self.text = change.text;
                continue;
            };
            let lines = LineIndex::new(self.text.as_bytes());
            let (start, end) = (encoding.offset(&lines, range.start), encoding.offset(&lines, range.end));
            self.text.replace_range(start..end.max(start), &change.text);
        }
    }

    /// Judges the text if that has not been done.
    pub fn judge(&mut self, judge: &Judge) {
        if self.findings.is_none() {
            self.findings = Some(judge.findings(self));
        }
    }

    /// What is wrong with it.
    pub fn findings(&self) -> &[Finding] {
        self.findings.as_deref().unwrap_or_default()
    }

    /// Its lines.
    pub fn lines(&self) -> LineIndex<'_> {
        LineIndex::new(self.text.as_bytes())
    }

    /// The file it is, for `file:` addresses of this machine.
    pub fn path(&self) -> Option<PathBuf> {
        let path = self.uri.as_str().strip_prefix("file://")?;
        // A host other than this one may stand before the first slash.
        let path = path.strip_prefix("localhost").unwrap_or(path);
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        decoded.starts_with('/').then(|| PathBuf::from(decoded.as_ref()))
    }
}

/// The address of a file.
pub fn address(path: &Path) -> Option<Uri> {
    const PLAIN: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    format!("file://{}", utf8_percent_encode(path.to_str()?, PLAIN)).parse().ok()
}

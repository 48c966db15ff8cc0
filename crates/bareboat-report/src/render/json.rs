//! Findings for programs. The document carries its version; fields are only ever added to it.

use serde_json::{Value, json};

use crate::{FileReport, Finding, Fix, Place};

/// Everything found, as one JSON document with a line end.
pub fn json(files: &[FileReport]) -> String {
    let files: Vec<Value> = files.iter().map(file).collect();
    format!("{:#}\n", json!({ "version": 1, "files": files }))
}

fn file(report: &FileReport) -> Value {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    json!({ "path": report.path, "findings": findings })
}

fn finding(finding: &Finding) -> Value {
    let related = finding.related.iter().map(|related| {
        let mut value = place(&related.place);
        value["message"] = related.message.clone().into();
        value
    });
    let mut value = place(&finding.place);
    value["rule"] = finding.rule.as_ref().into();
    value["aliases"] = finding.aliases.iter().map(AsRef::as_ref).collect::<Vec<&str>>().into();
    value["severity"] = finding.severity.as_str().into();
    value["message"] = finding.message.clone().into();
    value["notes"] = finding.notes.clone().into();
    value["related"] = related.collect::<Vec<_>>().into();
    value["help"] = finding.help.clone().into();
    value["fix"] = finding.fix.as_ref().map(fix).into();
    value
}

fn place(place: &Place) -> Value {
    json!({
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    })
}

/// Edits are by bytes: `start` is the first byte, `end` the first one after.
fn fix(fix: &Fix) -> Value {
    let edits = fix.edits.iter().map(
        |edit| json!({ "start": edit.range.start, "end": edit.range.end, "replacement": edit.replacement }),
    );
    let writes = fix.writes.iter().map(|write| json!({ "path": write.path, "content": write.content }));
    json!({
        "safety": fix.safety.as_str(),
        "title": fix.title,
        "edits": edits.collect::<Vec<_>>(),
        "writes": writes.collect::<Vec<_>>(),
    })
}

//! SARIF 2.1.0 (OASIS Standard, 27 March 2020): results with the rules that found them, fingerprints, and fixes.

use serde_json::{Value, json};

use super::{Report, whole_message};
use crate::render::lines::Lines;
use crate::{FileReport, Finding, Fix, Place, RuleInfo, Safety, Severity, fingerprints};

/// Everything found, as one log with one run.
pub fn sarif(report: &Report<'_>) -> String {
    let rules: Vec<Value> = report.rules.iter().map(rule).collect();
    let results: Vec<Value> = report.files.iter().flat_map(|file| results(report, file)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bareboat",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": rules,
            } },
            // A column is a character, whatever its size.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(rule: &RuleInfo) -> Value {
    let mut value = json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": [rule.concern.as_str()], "aliases": rule.aliases },
    });
    if let Some(address) = &rule.address {
        value["helpUri"] = address.as_str().into();
    }
    value
}

fn results(report: &Report<'_>, file: &FileReport) -> Vec<Value> {
    let artifact = json!({ "uri": uri(&file.path) });
    let lines = Lines::new(&file.source);
    let findings = file.findings.iter().zip(fingerprints(&file.path, file));
    findings
        .map(|(finding, fingerprint)| {
            let mut value = result(finding, &artifact, fingerprint);
            if let Some(index) = report.rules.iter().position(|rule| rule.name == finding.rule) {
                value["ruleIndex"] = index.into();
            }
            if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.writes.is_empty()) {
                value["fixes"] = json!([replacements(fix, &artifact, &lines)]);
            }
            value
        })
        .collect()
}

fn result(finding: &Finding, artifact: &Value, fingerprint: String) -> Value {
    let location = |place: &Place| json!({ "artifactLocation": artifact, "region": region(place) });
    let related = finding.related.iter().map(|related| {
        json!({ "physicalLocation": location(&related.place), "message": { "text": related.message } })
    });
    json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": whole_message(finding) },
        "locations": [{ "physicalLocation": location(&finding.place) }],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": { "bareboat/v1": fingerprint },
        "properties": { "severity": finding.severity.as_str(), "aliases": finding.aliases },
    })
}

/// A fix that also writes another file is left out: nobody here knows what that file holds now.
fn replacements(fix: &Fix, artifact: &Value, lines: &Lines<'_>) -> Value {
    let edits = fix.edits.iter().map(|edit| {
        json!({
            "deletedRegion": region(&lines.place(edit.range.clone())),
            "insertedContent": { "text": edit.replacement },
        })
    });
    let title = match fix.safety {
        Safety::Safe => fix.title.clone(),
        Safety::Unsafe => format!("{} (the image may behave differently)", fix.title),
    };
    json!({
        "description": { "text": title },
        "artifactChanges": [{ "artifactLocation": artifact, "replacements": edits.collect::<Vec<_>>() }],
    })
}

/// A finding about no place in a file is about its first line.
fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line.max(1),
        "startColumn": place.column.max(1),
        "endLine": place.end_line.max(1),
        "endColumn": place.end_column.max(1),
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "note",
    }
}

/// A path as a URI reference (RFC 3986): relative ones stay relative, absolute ones are files.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            other if other.is_ascii_alphanumeric() => uri.push(other.into()),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        assert_eq!(uri("a b/Dockerfile.é"), "a%20b/Dockerfile.%C3%A9");
        assert_eq!(uri("c:x"), "c%3Ax");
        assert_eq!(uri("/a/b"), "file:///a/b");
    }
}

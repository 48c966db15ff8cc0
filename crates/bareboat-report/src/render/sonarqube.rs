//! SonarQube's generic issues, in the form it has had since 10.3: rules beside issues.
//! (docs.sonarsource.com, "Generic formatted issue reports".) Its columns count from 0.

use serde_json::{Value, json};

use super::{Report, whole_message};
use crate::{Concern, Finding, Place, Related, RuleInfo, Severity};

/// Everything found, with the rules that found it.
pub fn sonarqube(report: &Report<'_>) -> String {
    let found = |rule: &&RuleInfo| {
        let mut findings = report.files.iter().flat_map(|file| &file.findings);
        findings.any(|finding| finding.rule == rule.name)
    };
    let rules: Vec<Value> = report.rules.iter().filter(found).map(rule).collect();
    let issues = report
        .files
        .iter()
        .flat_map(|file| file.findings.iter().map(|finding| issue(&file.path, finding)))
        .collect::<Vec<Value>>();
    format!("{:#}\n", json!({ "rules": rules, "issues": issues }))
}

fn rule(rule: &RuleInfo) -> Value {
    let (quality, attribute) = match rule.concern {
        Concern::Reliability => ("RELIABILITY", "LOGICAL"),
        Concern::Security => ("SECURITY", "TRUSTWORTHY"),
        Concern::Maintainability => ("MAINTAINABILITY", "CONVENTIONAL"),
    };
    let severity = match rule.severity {
        Severity::Error => "HIGH",
        Severity::Warning => "MEDIUM",
        Severity::Info | Severity::Style => "LOW",
    };
    json!({
        "id": rule.name,
        "name": rule.name,
        "description": rule.summary,
        "engineId": "bareboat",
        "cleanCodeAttribute": attribute,
        "impacts": [{ "softwareQuality": quality, "severity": severity }],
    })
}

fn issue(path: &str, finding: &Finding) -> Value {
    let related = finding.related.iter().map(|Related { place, message }| location(path, place, message));
    json!({
        "ruleId": finding.rule,
        "primaryLocation": location(path, &finding.place, &whole_message(finding)),
        "secondaryLocations": related.collect::<Vec<_>>(),
    })
}

fn location(path: &str, place: &Place, message: &str) -> Value {
    let mut location = json!({ "message": message, "filePath": path });
    if !place.is_whole() {
        location["textRange"] = range(place);
    }
    location
}

/// A range that is empty, or ends where a line has not begun, would be refused with the whole report.
fn range(place: &Place) -> Value {
    let ends_before = place.end_column == 1 && place.end_line > place.line;
    let end_line = if ends_before { place.end_line - 1 } else { place.end_line };
    if ends_before || place.range.is_empty() {
        return json!({ "startLine": place.line, "endLine": end_line });
    }
    json!({
        "startLine": place.line,
        "endLine": end_line,
        "startColumn": place.column.saturating_sub(1),
        "endColumn": place.end_column.saturating_sub(1),
    })
}

//! GitLab's code quality report, which is a part of Code Climate's issues as one JSON array.
//! (docs.gitlab.com, "Code quality report format"; Code Climate engine specification, "Issues".)

use serde_json::{Value, json};

use super::{Report, whole_message};
use crate::{Concern, Finding, RuleInfo, Severity, fingerprints};

/// Everything found, as an array with a line end.
pub fn codeclimate(report: &Report<'_>) -> String {
    let mut issues = Vec::new();
    for file in report.files {
        for (finding, fingerprint) in file.findings.iter().zip(fingerprints(&file.path, file)) {
            issues.push(issue(report.rules, &file.path, finding, fingerprint));
        }
    }
    format!("{:#}\n", Value::Array(issues))
}

fn issue(rules: &[RuleInfo], path: &str, finding: &Finding, fingerprint: String) -> Value {
    let rule = rules.iter().find(|rule| rule.name == finding.rule);
    let mut issue = json!({
        "type": "issue",
        "check_name": finding.rule,
        "description": whole_message(finding),
        "categories": [category(rule, finding.severity)],
        "severity": severity(finding.severity),
        "fingerprint": fingerprint,
        "location": {
            "path": path,
            "lines": { "begin": finding.place.line.max(1), "end": finding.place.end_line.max(1) },
        },
    });
    if let Some(rule) = rule {
        issue["content"] = json!({ "body": rule.page });
    }
    issue
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
        Severity::Style => "info",
    }
}

/// One of Code Climate's list.
fn category(rule: Option<&RuleInfo>, severity: Severity) -> &'static str {
    match (severity, rule.map(|rule| rule.concern)) {
        (Severity::Style, _) => "Style",
        (_, Some(Concern::Security)) => "Security",
        (_, Some(Concern::Maintainability)) => "Clarity",
        (_, Some(Concern::Reliability) | None) => "Bug Risk",
    }
}

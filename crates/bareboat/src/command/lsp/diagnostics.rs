//! Findings as diagnostics.

use bareboat_dockerfile::LineIndex;
use bareboat_report::{Finding, Severity};
use lsp_types::{Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString};

use super::View;

/// Everything wrong with a document.
pub fn diagnostics(view: &View<'_>) -> Vec<Diagnostic> {
    let lines = view.document.lines();
    view.document.findings().iter().map(|finding| diagnostic(view, &lines, finding)).collect()
}

/// One finding. Its code is the rule's name, or the code of the program that found it.
pub fn diagnostic(view: &View<'_>, lines: &LineIndex<'_>, finding: &Finding) -> Diagnostic {
    let related = finding.related.iter().map(|related| DiagnosticRelatedInformation {
        location: Location {
            uri: view.document.uri.clone(),
            range: view.encoding.range(lines, related.place.range.clone()),
        },
        message: related.message.clone(),
    });
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: view.encoding.range(lines, finding.place.range.clone()),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
            Severity::Style => DiagnosticSeverity::HINT,
        }),
        code: Some(NumberOrString::String(code(finding).to_owned())),
        source: Some("bareboat".to_owned()),
        message: message(finding),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

/// The rule's name; for what another program found, that program's code.
pub fn code(finding: &Finding) -> &str {
    match finding.aliases.first() {
        Some(code) if finding.rule == "shellcheck" => code,
        _ => &finding.rule,
    }
}

/// What is wrong, what will happen, and what to do, a line each.
fn message(finding: &Finding) -> String {
    let notes = finding.notes.iter().map(|note| format!("note: {note}"));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    [finding.message.clone()].into_iter().chain(notes).chain(help).collect::<Vec<_>>().join("\n")
}

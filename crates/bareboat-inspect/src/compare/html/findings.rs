//! What `audit` says about each image.

use std::fmt::Write;

use super::escape;
use crate::audit::{Confidence, Finding, render};
use crate::compare::Candidate;

/// Findings of one image.
const MOST: usize = 150;

/// A list for each image, worst first within each question.
pub(super) fn findings(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for candidate in candidates {
        let audit = &candidate.audit;
        let all: Vec<&Finding> = audit.counted().collect();
        let _ = writeln!(
            text,
            "<details open><summary><b>{}</b>: {} of {} hard rules pass, {} findings</summary>",
            escape(&candidate.facts.name),
            audit.passed,
            audit.hard,
            all.len()
        );
        let mut group = None;
        for finding in all.iter().take(MOST) {
            if group != Some(finding.rule.group) {
                group = Some(finding.rule.group);
                let _ = writeln!(text, "<h3>{}</h3>", finding.rule.group.question());
            }
            text.push_str(&one(candidate, finding));
        }
        if all.len() > MOST {
            let _ = writeln!(text, "<p>{} more are not shown</p>", all.len() - MOST);
        }
        text.push_str("</details>\n");
    }
    text
}

fn one(candidate: &Candidate, finding: &Finding) -> String {
    let level = match finding.confidence {
        Confidence::Certain => finding.severity.as_str(),
        Confidence::Unknown => "unknown",
    };
    let place = render::place(&candidate.facts, finding);
    let lines = [(!place.is_empty()).then_some(place)].into_iter().flatten();
    let lines = lines.chain(finding.notes.iter().cloned()).chain(finding.help.clone());
    let lines: String = lines.map(|line| format!("<br>{}", escape(&line))).collect();
    format!(
        "<p class=\"finding {level}\"><b>{level}</b> <code>{}</code> {}{lines}</p>\n",
        finding.rule.name,
        escape(&finding.message)
    )
}

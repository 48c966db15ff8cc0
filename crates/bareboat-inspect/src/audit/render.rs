//! An audit for people and for programs.

use std::collections::BTreeMap;

use bareboat_report::Severity;
use serde_json::{Value, json};

use super::{Audit, Confidence, DockerfileLines, Finding, Origin};
use crate::facts::Facts;
use crate::inspect;

/// Findings of one rule and severity that are shown; what follows says nothing new.
const MOST_OF_A_RULE: usize = 5;

/// Findings as text: by question, each with its place, what will happen and what to do.
///
/// With the Dockerfile that the image was made from, also its line.
pub fn text(facts: &Facts, audit: &Audit, origin: Option<&Origin>) -> String {
    let mut text = String::new();
    let lines = origin.map(|origin| (origin, DockerfileLines::new(&origin.source, facts)));
    let mut group = None;
    let mut shown: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for finding in audit.counted() {
        let of_rule = shown.entry((finding.rule.name, finding.severity)).or_default();
        *of_rule += 1;
        if *of_rule > MOST_OF_A_RULE {
            continue;
        }
        if group != Some(finding.rule.group) {
            group = Some(finding.rule.group);
            text.push_str(&format!("{}\n\n", finding.rule.group.question()));
        }
        let line = lines.as_ref().and_then(|(origin, lines)| {
            let place = lines.place(finding)?;
            Some(format!("{}:{}:{}", origin.path, place.line, place.column))
        });
        text.push_str(&one(facts, finding, line.as_deref()));
    }
    let more = shown.iter().filter(|(_, number)| **number > MOST_OF_A_RULE);
    let more: Vec<String> =
        more.map(|((rule, _), number)| format!("{} of `{rule}`", number - MOST_OF_A_RULE)).collect();
    if !more.is_empty() {
        text.push_str(&format!("not shown, but in `--format json`: {}\n", more.join(", ")));
    }
    let waived = audit.findings.len() - audit.counted().count();
    let waived = match waived {
        0 => String::new(),
        1 => ", 1 finding is waived".to_owned(),
        more => format!(", {more} findings are waived"),
    };
    text.push_str(&format!("{} of {} hard rules pass{waived}\n", audit.passed, audit.hard));
    text
}

fn one(facts: &Facts, finding: &Finding, line: Option<&str>) -> String {
    let level = match finding.confidence {
        Confidence::Certain => finding.severity.as_str(),
        Confidence::Unknown => "unknown",
    };
    let name = finding.rule.name;
    let id = finding.rule.aliases.first().map_or(name.to_owned(), |alias| format!("{name}, {alias}"));
    let mut text = format!("{level}[{id}]: {}\n", finding.message);
    let place = place(facts, finding);
    if !place.is_empty() {
        text.push_str(&format!(" --> {place}\n"));
    }
    if let Some(line) = line {
        text.push_str(&format!(" --> {line}\n"));
    }
    for note in &finding.notes {
        text.push_str(&format!("  = note: {note}\n"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("  = help: {help}\n"));
    }
    text.push('\n');
    text
}

/// Path, layer with its instruction, package.
pub(crate) fn place(facts: &Facts, finding: &Finding) -> String {
    let place = &finding.place;
    let layer = place.layer.map(|index| {
        let made = facts.layers.get(index).and_then(|layer| layer.created_by.as_ref());
        let made = made.map(|made| format!(" (`{}`)", shortened(made))).unwrap_or_default();
        format!("layer {}{made}", index + 1)
    });
    let package = place.package.as_ref().map(|package| format!("package {package}"));
    let parts = [place.path.as_ref().map(ToString::to_string), layer, package];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.chars().count() > LONGEST {
        true => format!("{}…", text.chars().take(LONGEST - 1).collect::<String>()),
        false => text.to_owned(),
    }
}

/// Images with the facts as `inspect` gives them, and `findings` and `hard_rules` added: one JSON document with a line
/// end. Of several images a document with all of them as `images`.
pub fn json(audits: &[(Facts, Audit)]) -> String {
    let mut documents: Vec<Value> = audits.iter().map(|(facts, audit)| document(facts, audit)).collect();
    let document = match documents.len() {
        1 => documents.remove(0),
        _ => json!({ "version": 1, "images": documents }),
    };
    format!("{document:#}\n")
}

/// One image as a value.
pub(crate) fn document(facts: &Facts, audit: &Audit) -> Value {
    let mut document = inspect::document(facts);
    document["findings"] =
        audit.findings.iter().map(|finding| value(facts, finding)).collect::<Vec<_>>().into();
    document["hard_rules"] = json!({ "passed": audit.passed, "of": audit.hard });
    document
}

fn value(facts: &Facts, finding: &Finding) -> Value {
    let layer = finding.place.layer.and_then(|index| facts.layers.get(index));
    json!({
        "slug": finding.rule.name,
        "aliases": finding.rule.aliases,
        "level": finding.severity.as_str(),
        "path": finding.place.path.as_ref().map(ToString::to_string),
        "layer": layer.and_then(|layer| layer.diff_id),
        "created_by": layer.and_then(|layer| layer.created_by.as_ref()),
        "package": finding.place.package,
        "message": finding.message,
        "notes": finding.notes,
        "fix": finding.help,
        "confidence": finding.confidence.as_str(),
        "waived": finding.waived,
    })
}

impl Audit {
    /// Findings that nobody waived.
    pub fn counted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.waived.is_none())
    }
}

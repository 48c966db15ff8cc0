//! What makes a finding the same finding after the file around it has changed.
//!
//! A fingerprint is made from the rule, the file's path and the text of the lines the finding is on, with white space
//! collapsed: not from line numbers, and not from messages, which newer versions may word differently. Equal ones
//! in one file are counted, so that a second mistake of the same kind is a new one.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::render::lines::Lines;
use crate::{FileReport, Finding};

/// The fingerprint of every finding of a file, in their order: 32 hexadecimal digits each. `path` names the file
/// whoever runs the tool from wherever, with `/` between components.
pub fn fingerprints(path: &str, report: &FileReport) -> Vec<String> {
    let lines = Lines::new(&report.source);
    let mut seen: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let one = |finding: &Finding| {
        let content = content(path, finding, &lines);
        let count = seen.entry(content).or_default();
        *count += 1;
        let mut hash = Sha256::new();
        hash.update(content);
        hash.update(count.to_string());
        hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    report.findings.iter().map(one).collect()
}

fn content(path: &str, finding: &Finding, lines: &Lines<'_>) -> [u8; 32] {
    let text = String::from_utf8_lossy(lines.text(&finding.place));
    let words: Vec<&str> = text.split_whitespace().collect();
    // A finding about no text (an image, a file that is missing) is known by what it says.
    let text = if words.is_empty() { finding.message.clone() } else { words.join(" ") };
    let mut hash = Sha256::new();
    for part in [finding.rule.as_ref(), path, &text] {
        hash.update(part.len().to_string());
        hash.update(":");
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, Severity};

    fn report(source: &str, places: &[(usize, usize)]) -> FileReport {
        let lines = Lines::new(source.as_bytes());
        let finding = |(start, end): &(usize, usize)| Finding {
            rule: "rule".into(),
            aliases: Vec::new(),
            severity: Severity::Error,
            message: "wrong".to_owned(),
            place: lines.place(*start..*end),
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        };
        let findings = places.iter().map(finding).collect();
        FileReport { path: "x".to_owned(), source: source.as_bytes().to_vec(), findings }
    }

    #[test]
    fn lines_above_and_white_space_change_nothing() {
        let before = fingerprints("Dockerfile", &report("RUN  x\n", &[(0, 3)]));
        assert_eq!(before, fingerprints("Dockerfile", &report("# new\n\n RUN x\r\n", &[(8, 11)])));
        assert_ne!(before, fingerprints("other/Dockerfile", &report("RUN x\n", &[(0, 3)])));
        assert_ne!(before, fingerprints("Dockerfile", &report("RUN y\n", &[(0, 3)])));
        assert_eq!(before[0].len(), 32);
    }

    #[test]
    fn a_second_one_of_the_same_kind_is_another_one() {
        let two = fingerprints("Dockerfile", &report("RUN x\nRUN x\n", &[(0, 3), (6, 9)]));
        assert_ne!(two[0], two[1]);
        assert_eq!(two[0], fingerprints("Dockerfile", &report("RUN x\n", &[(0, 3)]))[0]);
        let place = Place::default();
        let mut nowhere = report("", &[]);
        nowhere.findings.push(Finding { place, ..report("a", &[(0, 1)]).findings[0].clone() });
        assert_eq!(fingerprints("image", &nowhere).len(), 1);
    }
}

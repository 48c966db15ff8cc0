//! A baseline: findings that are accepted for now, so that only new ones count.
//!
//! A document with a version and, per finding, its rule, file and fingerprint (see
//! [`bareboat_report::fingerprints`]), sorted, so that a change of it is easy to review.

use std::collections::BTreeSet;

use bareboat_report::{FileReport, fingerprints};
use serde::{Deserialize, Serialize};

/// Accepted findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: BTreeSet<Accepted>,
}

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    path: String,
    rule: String,
    fingerprint: String,
}

/// The version of the document.
const VERSION: u32 = 1;

/// Why a file is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// It is something else.
    #[error("it is no baseline: {0}")]
    Syntax(String),
    /// A newer program has written it.
    #[error("it has version {0}, and this program knows {VERSION}")]
    Version(u32),
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// It is something else, or of a newer version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self =
            serde_json::from_str(text).map_err(|error| BaselineError::Syntax(error.to_string()))?;
        match baseline.version {
            VERSION => Ok(baseline),
            other => Err(BaselineError::Version(other)),
        }
    }

    /// A baseline that accepts everything in these reports. `path` is the name of a file that stays the same from
    /// wherever the program runs.
    pub fn of<'r>(reports: impl IntoIterator<Item = (&'r str, &'r FileReport)>) -> Self {
        let mut findings = BTreeSet::new();
        for (path, report) in reports {
            let fingerprints = fingerprints(path, report);
            findings.extend(report.findings.iter().zip(fingerprints).map(|(finding, fingerprint)| {
                Accepted { path: path.to_owned(), rule: finding.rule.to_string(), fingerprint }
            }));
        }
        Self { version: VERSION, findings }
    }

    /// The document, with a line end.
    pub fn write(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("strings and a number are JSON");
        format!("{text}\n")
    }

    /// Takes out of a report what is accepted; how many that were.
    pub fn accept(&self, path: &str, report: &mut FileReport) -> usize {
        let mut fingerprints = fingerprints(path, report).into_iter();
        let before = report.findings.len();
        report.findings.retain(|finding| {
            let fingerprint = fingerprints.next().unwrap_or_default();
            let accepted = Accepted { path: path.to_owned(), rule: finding.rule.to_string(), fingerprint };
            !self.findings.contains(&accepted)
        });
        before - report.findings.len()
    }

    /// How many findings it accepts.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// True when it accepts nothing.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Configuration, Input, Linter, Preset};

    fn report(source: &str) -> FileReport {
        let enable = vec!["from-latest".to_owned()];
        let configuration = Configuration { preset: Preset::Buildkit, enable, ..Configuration::default() };
        let findings = Linter::new(configuration).unwrap().lint(&Input::new(source.as_bytes()));
        FileReport { path: "./Dockerfile".to_owned(), source: source.as_bytes().to_vec(), findings }
    }

    #[test]
    fn accepts_what_was_there_wherever_it_is_now() {
        let old = report("FROM debian:latest\nMAINTAINER me\n");
        let baseline = Baseline::of([("Dockerfile", &old)]);
        let baseline = Baseline::parse(&baseline.write()).unwrap();
        let mut new = report("# moved\n\nFROM debian:latest\nRUN x\nMAINTAINER me\nMAINTAINER you\n");
        assert_eq!(baseline.accept("Dockerfile", &mut new), 2);
        let left: Vec<_> = new.findings.iter().map(|finding| finding.place.line).collect();
        assert_eq!(left, [6]);
        assert_eq!(baseline.accept("other", &mut report("FROM debian:latest\n")), 0);
    }

    #[test]
    fn the_document_is_easy_to_review() {
        let text =
            Baseline::of([("b", &report("FROM debian:latest\n")), ("a", &report("MAINTAINER x\n"))]).write();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn something_else_is_an_error() {
        assert!(matches!(Baseline::parse("[]"), Err(BaselineError::Syntax(_))));
        let newer = r#"{"version": 2, "findings": []}"#;
        assert_eq!(Baseline::parse(newer), Err(BaselineError::Version(2)));
        assert!(Baseline::of([]).is_empty());
    }
}

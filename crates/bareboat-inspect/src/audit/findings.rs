//! What rules report while they look.

use bareboat_image::TreePath;
use bareboat_report::Severity;

use super::{Confidence, Finding, Place, Rule};
use crate::facts::Facts;

/// Collects what one rule finds in one image.
#[derive(Debug)]
pub struct Findings<'r> {
    rule: &'static Rule,
    facts: &'r Facts,
    drafts: &'r mut Vec<Draft>,
}

/// A finding in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    finding: Finding,
}

impl<'r> Findings<'r> {
    pub(super) fn new(rule: &'static Rule, facts: &'r Facts, drafts: &'r mut Vec<Draft>) -> Self {
        Self { rule, facts, drafts }
    }

    /// Reports something about the image as a whole. The message says what, starting in lower case (names aside),
    /// without full stop, with literals in backticks. More is said by the methods of the result.
    pub fn report(&mut self, message: impl Into<String>) -> &mut Draft {
        self.add(message.into(), Place::default())
    }

    /// Reports something about a file of the merged tree; its layer and package are looked up.
    pub fn report_at(&mut self, path: &TreePath, message: impl Into<String>) -> &mut Draft {
        let layer = self.facts.layer_of(path);
        let package = self.facts.owner(path).map(super::super::facts::Package::title);
        self.add(message.into(), Place { path: Some(path.clone()), layer, package })
    }

    /// Reports something about a file that only one layer has.
    pub fn report_in(
        &mut self,
        layer: usize,
        path: Option<&TreePath>,
        message: impl Into<String>,
    ) -> &mut Draft {
        self.add(message.into(), Place { path: path.cloned(), layer: Some(layer), package: None })
    }

    fn add(&mut self, message: String, place: Place) -> &mut Draft {
        let (rule, severity) = (self.rule, self.rule.severity);
        let confidence = Confidence::Certain;
        let finding = Finding {
            rule,
            severity,
            confidence,
            message,
            place,
            notes: Vec::new(),
            help: None,
            waived: None,
        };
        self.drafts.push(Draft { finding });
        let last = self.drafts.len() - 1;
        &mut self.drafts[last]
    }
}

impl Draft {
    /// Milder or worse than the rule usually is (a configuration still wins).
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.finding.severity = severity;
        self
    }

    /// Only running the image would tell: at most worth knowing.
    pub fn unknown(&mut self) -> &mut Self {
        self.finding.confidence = Confidence::Unknown;
        self.finding.severity = self.finding.severity.min(Severity::Info);
        self
    }

    /// What will happen, in the words the user will see, or why: one sentence without full stop.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.finding.notes.push(note.into());
        self
    }

    /// What to do, as an imperative.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.finding.help = Some(help.into());
        self
    }

    pub(super) fn finish(self) -> Finding {
        self.finding
    }
}

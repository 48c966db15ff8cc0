//! What rules report while they look.

use std::ops::Range;

use bareboat_dockerfile::{Edit, Span};
use bareboat_report::{Code, FileWrite, Safety, Severity};

use super::Rule;

/// Collects what one rule finds in one file.
#[derive(Debug)]
pub struct Findings<'r> {
    rule: &'static Rule,
    drafts: &'r mut Vec<Draft>,
}

/// A finding in the making: bytes instead of lines and columns.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(super) rule: &'static Rule,
    pub(super) aliases: Vec<Code>,
    pub(super) severity: Option<Severity>,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) related: Vec<(Span, String)>,
    pub(super) notes: Vec<String>,
    pub(super) help: Option<String>,
    pub(super) fix: Option<DraftFix>,
}

/// A fix in the making.
#[derive(Debug, Clone)]
pub(super) struct DraftFix {
    pub(super) safety: Safety,
    pub(super) title: String,
    pub(super) edits: Vec<Edit>,
    pub(super) writes: Vec<FileWrite>,
}

impl<'r> Findings<'r> {
    pub(super) fn new(rule: &'static Rule, drafts: &'r mut Vec<Draft>) -> Self {
        Self { rule, drafts }
    }

    /// Reports that something is wrong at `span`. The message says what, starting in lower case (names aside),
    /// without full stop, with literals in backticks. More is said by the methods of the result.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> &mut Draft {
        self.drafts.push(Draft {
            rule: self.rule,
            aliases: self.rule.aliases.iter().map(|&alias| alias.into()).collect(),
            severity: None,
            span,
            message: message.into(),
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        });
        let last = self.drafts.len() - 1;
        &mut self.drafts[last]
    }
}

impl Draft {
    /// The rule's name and what other tools call this finding.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [self.rule.name].into_iter().chain(self.aliases.iter().map(AsRef::as_ref))
    }

    /// The same for a file without the bytes of `cut`; `None` when it is about them.
    pub(super) fn without(mut self, cut: Range<usize>) -> Option<Self> {
        let moved = |span: Span| {
            let before = span.end <= cut.start;
            let after = span.start >= cut.end;
            let back = |at: usize| if before { at } else { at - cut.len() };
            (before || after).then(|| Span::new(back(span.start), back(span.end)))
        };
        self.span = moved(self.span)?;
        self.related =
            self.related.into_iter().filter_map(|(span, text)| Some((moved(span)?, text))).collect();
        self.fix = self.fix.and_then(|mut fix| {
            let edits = fix.edits.into_iter().map(|edit| Some(Edit { span: moved(edit.span)?, ..edit }));
            fix.edits = edits.collect::<Option<_>>()?;
            Some(fix)
        });
        Some(self)
    }

    /// True when `name` is one of [`Draft::names`], in any case.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Of the rule's aliases only these mean this finding: a rule about several package managers has a code for
    /// each, and `# hadolint ignore=DL3019` must not silence its `DL3009`.
    pub fn aliases(&mut self, aliases: &[&'static str]) -> &mut Self {
        self.codes(aliases.iter().map(|&alias| alias.into()).collect())
    }

    /// As [`Draft::aliases`], for codes that another program gave.
    pub(super) fn codes(&mut self, codes: Vec<Code>) -> &mut Self {
        self.aliases = codes;
        self
    }

    /// Milder or worse than the rule usually is (a configuration still wins).
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = Some(severity);
        self
    }

    /// Another place that explains the finding.
    pub fn related(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.related.push((span, message.into()));
        self
    }

    /// What will happen, in the words the user will see, or why: one sentence without full stop.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// What to do, as an imperative.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// A fix that cannot change what the built image does.
    pub fn safe_fix(&mut self, title: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        self.fix(Safety::Safe, title, edits)
    }

    /// A fix that may change what the built image does.
    pub fn unsafe_fix(
        &mut self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = Edit>,
    ) -> &mut Self {
        self.fix(Safety::Unsafe, title, edits)
    }

    /// A fix: all its edits are made or none. `title` is an imperative without full stop.
    pub fn fix(
        &mut self,
        safety: Safety,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = Edit>,
    ) -> &mut Self {
        let edits = edits.into_iter().collect();
        self.fix = Some(DraftFix { safety, title: title.into(), edits, writes: Vec::new() });
        self
    }

    /// The fix also (or only) writes this file of the build context.
    pub fn fix_writes(&mut self, path: impl Into<String>, content: impl Into<String>) -> &mut Self {
        if let Some(fix) = &mut self.fix {
            fix.writes.push(FileWrite { path: path.into(), content: content.into() });
        }
        self
    }
}

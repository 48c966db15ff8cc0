//! What a rule is: who it is, and a function; and what it finds.

use bareboat_image::TreePath;
use bareboat_report::{Concern, RuleInfo, Severity};

use super::{Context, Findings};
use crate::lint::Ruleset;

/// A rule. One file each, with a page of documentation beside it that is also its test.
#[derive(Debug)]
pub struct Rule {
    /// Names what is judged, in kebab-case: `user-root`.
    pub name: &'static str,
    /// What it is called elsewhere: section 4 of the CIS Docker Benchmark as `CIS-4.1`, other tools' codes.
    pub aliases: &'static [&'static str],
    /// The question it belongs to.
    pub group: Group,
    /// How bad its findings are, unless one says otherwise.
    pub severity: Severity,
    /// Part of the preset `recommended`.
    pub default_on: bool,
    /// Counts among the rules that a bare image passes.
    pub is_hard: bool,
    /// The rule set it first appeared in.
    pub since: Ruleset,
    /// Its page: `include_str!` of the case file.
    pub docs: &'static str,
    /// Looks at an image and reports what it finds, in any order.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

/// The questions that rules answer; also the directories they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Will it start?
    Start,
    /// How bare is it?
    Surface,
    /// What does it waste?
    Waste,
    /// Is it sound?
    Sound,
}

impl Group {
    /// The directory below `rules/`.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Surface => "surface",
            Self::Waste => "waste",
            Self::Sound => "sound",
        }
    }

    /// The question.
    pub const fn question(self) -> &'static str {
        match self {
            Self::Start => "will it start?",
            Self::Surface => "how bare is it?",
            Self::Waste => "what does it waste?",
            Self::Sound => "is it sound?",
        }
    }
}

impl Rule {
    /// True when `name` is the rule's name or one of its aliases, in any case; dots stand for dashes.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(&name.replace('.', "-"))
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// One sentence about the rule: the first paragraph of its page.
    pub fn summary(&self) -> &'static str {
        crate::page::summary(self.docs)
    }

    /// Its page without the images that are its tests.
    pub fn page(&self) -> &'static str {
        self.docs.split("\n```").next().unwrap_or(self.docs)
    }

    /// What documents tell about it.
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            name: self.name.into(),
            aliases: self.aliases.iter().map(|alias| (*alias).into()).collect(),
            severity: self.severity,
            concern: match self.group {
                Group::Start | Group::Sound => Concern::Reliability,
                Group::Surface => Concern::Security,
                Group::Waste => Concern::Maintainability,
            },
            summary: self.summary().replace('\n', " "),
            page: self.page().trim_end().to_owned(),
            address: None,
        }
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It follows from the bytes of the image.
    Certain,
    /// Only running the image would tell.
    Unknown,
}

impl Confidence {
    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Unknown => "unknown",
        }
    }
}

/// Where in an image something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The file; `None` for the image as a whole.
    pub path: Option<TreePath>,
    /// The layer it is in, counted from 0 for the lowest.
    pub layer: Option<usize>,
    /// The package that brought it.
    pub package: Option<String>,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is wrong, in lower case (names aside) and without full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What will happen, and why: one sentence each.
    pub notes: Vec<String>,
    /// What to do: an imperative.
    pub help: Option<String>,
    /// Why it is accepted; then it counts for nothing.
    pub waived: Option<String>,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}

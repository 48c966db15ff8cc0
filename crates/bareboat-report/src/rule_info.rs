//! What documents tell about a rule, so that a reader of findings needs nothing else.

use crate::{Code, Severity};

/// A rule as renderers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name: `from-latest`.
    pub name: Code,
    /// What other tools call it.
    pub aliases: Vec<Code>,
    /// How bad its findings usually are.
    pub severity: Severity,
    /// What suffers.
    pub concern: Concern,
    /// One sentence.
    pub summary: String,
    /// All there is to say, in Markdown.
    pub page: String,
    /// Where more can be read, when that is known.
    pub address: Option<String>,
}

/// What suffers from what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// The build or the container does not do what its author thinks.
    Reliability,
    /// Somebody may get in, or out.
    Security,
    /// It works, but costs: time, space, or whoever changes it next.
    Maintainability,
}

impl Concern {
    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reliability => "reliability",
            Self::Security => "security",
            Self::Maintainability => "maintainability",
        }
    }
}

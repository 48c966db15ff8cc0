//! What a rule is: who it is, and a function.

use std::fmt;
use std::str::FromStr;

use bareboat_report::Severity;

use super::{Context, Findings};

/// A rule. One file each, with a page of documentation beside it that is also its test.
#[derive(Debug)]
pub struct Rule {
    /// Names the bad thing, in kebab-case: `from-latest`.
    pub name: &'static str,
    /// What other tools call it: `DL3007`, `CKV_DOCKER_7`, `JSONArgsRecommended`, `SC2086`.
    pub aliases: &'static [&'static str],
    /// The practice it belongs to.
    pub group: Group,
    /// How bad its findings are, unless one says otherwise.
    pub severity: Severity,
    /// Part of the preset `recommended`.
    pub default_on: bool,
    /// The rule set it first appeared in.
    pub since: Ruleset,
    /// Its page: `include_str!` of the case file.
    pub docs: &'static str,
    /// Looks at a file and reports what it finds, in any order.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

/// The practices that rules serve; also the directories they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Right base image: pinned, slim, trusted, maintained.
    BaseImage,
    /// Ephemeral, stateless, one concern.
    Ephemeral,
    /// Explicit copies and `.dockerignore`.
    Copy,
    /// No unnecessary packages, honest installs.
    Packages,
    /// Non-root user.
    User,
    /// Correct instructions.
    Instructions,
    /// Shell inside RUN.
    Shell,
    /// Several stages, and secrets.
    Stages,
    /// Stages that fit together.
    Pairing,
    /// Image size.
    Size,
    /// Attack surface.
    Surface,
    /// The file as such: whether it can be read, and what it says to the linter.
    File,
}

impl Group {
    /// The directory below `rules/`.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::BaseImage => "base_image",
            Self::Ephemeral => "ephemeral",
            Self::Copy => "copy",
            Self::Packages => "packages",
            Self::User => "user",
            Self::Instructions => "instructions",
            Self::Shell => "shell",
            Self::Stages => "stages",
            Self::Pairing => "pairing",
            Self::Size => "size",
            Self::Surface => "surface",
            Self::File => "file",
        }
    }
}

impl Rule {
    /// True when `name` is the rule's name or one of its aliases, in any case.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// One sentence about the rule: the first paragraph of its page.
    pub fn summary(&self) -> &'static str {
        crate::page::summary(self.docs)
    }
}

/// A dated set of rules: an upgrade brings new rules only to those who ask for a newer set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ruleset {
    year: u16,
    month: u8,
}

impl Ruleset {
    /// The first one.
    pub const V2026_11: Self = Self { year: 2026, month: 11 };
    /// The newest one.
    pub const NEWEST: Self = Self::V2026_11;
    /// One that nobody has yet.
    #[cfg(test)]
    pub(super) const FUTURE: Self = Self { year: 9999, month: 12 };
    /// Every one, oldest first.
    pub const ALL: [Self; 1] = [Self::V2026_11];
}

impl fmt::Display for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}.{:02}", self.year, self.month)
    }
}

/// A text that names no rule set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule set `{0}`; the newest one is `{newest}`", newest = Ruleset::NEWEST)]
pub struct UnknownRuleset(String);

impl FromStr for Ruleset {
    type Err = UnknownRuleset;

    fn from_str(text: &str) -> Result<Self, UnknownRuleset> {
        let found = Self::ALL.into_iter().find(|set| set.to_string() == text);
        found.ok_or_else(|| UnknownRuleset(text.to_owned()))
    }
}

//! Which rules run, how bad their findings are, and what they are told.

mod file;
mod hadolint;

use std::collections::BTreeMap;
use std::str::FromStr;

use bareboat_report::{Severity, closest};

use super::preset::is_foreign_code;
use super::{Preset, Rule, Ruleset, rules};

pub use self::file::{ConfigurationFile, FileError, TomlKind};

/// What the user wants. Rules are named by their names or by any alias, in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Where to start from.
    pub preset: Preset,
    /// Rules that came later are off.
    pub ruleset: Ruleset,
    /// Rules that are on besides those of the preset.
    pub enable: Vec<String>,
    /// Findings that are not wanted.
    pub ignore: Vec<String>,
    /// How bad findings are, where the rules' own word does not count.
    pub severities: BTreeMap<String, Severity>,
    /// Comments in the file may silence findings.
    pub pragmas: bool,
    /// What rules are told.
    pub settings: Settings,
}

/// What rules are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The preset, for rules that must say exactly what another tool says.
    pub preset: Preset,
    /// Registries that may be used, `*` allowed at either end; empty allows all.
    pub trusted_registries: Vec<String>,
    /// Labels that must be there, and what their values must look like.
    pub labels: BTreeMap<String, LabelFormat>,
    /// Labels that are not in `labels` are wrong.
    pub strict_labels: bool,
}

/// What a label's value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelFormat {
    /// Anything.
    Text,
    /// An address.
    Url,
    /// A date and time as RFC 3339 has them.
    Rfc3339,
    /// An SPDX licence expression.
    Spdx,
    /// A Git commit.
    GitHash,
    /// A semantic version.
    Semver,
    /// An e-mail address.
    Email,
}

impl LabelFormat {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Url, Self::Rfc3339, Self::Spdx, Self::GitHash, Self::Semver, Self::Email];

    /// The name, as configurations have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Rfc3339 => "rfc3339",
            Self::Spdx => "spdx",
            Self::GitHash => "hash",
            Self::Semver => "semver",
            Self::Email => "email",
        }
    }
}

/// A word that names no format of a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no form of a label: want `text`, `url`, `rfc3339`, `spdx`, `hash`, `semver` or `email`")]
pub struct UnknownLabelFormat(String);

impl FromStr for LabelFormat {
    type Err = UnknownLabelFormat;

    fn from_str(text: &str) -> Result<Self, UnknownLabelFormat> {
        // hadolint says `rawText`, too.
        let text = if text == "rawText" { "text" } else { text };
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownLabelFormat(text.to_owned()))
    }
}

/// From which severity on findings are a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// From this one on.
    At(Severity),
    /// Whatever is found.
    Never,
}

impl Default for Threshold {
    fn default() -> Self {
        Self::At(Severity::Info)
    }
}

impl Threshold {
    /// True when a finding this bad is a failure.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::At(least) => severity >= least,
            Self::Never => false,
        }
    }
}

/// A word that names no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no threshold `{0}`: want `error`, `warning`, `info`, `style` or `never`")]
pub struct UnknownThreshold(String);

impl FromStr for Threshold {
    type Err = UnknownThreshold;

    fn from_str(text: &str) -> Result<Self, UnknownThreshold> {
        match text {
            // hadolint says `ignore` and `none`.
            "never" | "none" | "ignore" => Ok(Self::Never),
            other => other.parse().map(Self::At).map_err(|_| UnknownThreshold(other.to_owned())),
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            ruleset: Ruleset::NEWEST,
            enable: Vec::new(),
            ignore: Vec::new(),
            severities: BTreeMap::new(),
            pragmas: true,
            settings: Settings::default(),
        }
    }
}

impl Configuration {
    /// True when the preset has the rule and the rule set is not older than it, or when it is always on.
    pub(super) fn wants(&self, rule: &Rule) -> bool {
        self.preset.has(rule) && rule.since <= self.ruleset || rules::is_always_on(rule)
    }

    /// Checks that every rule that is named exists here or elsewhere.
    ///
    /// # Errors
    /// A name that no rule and no known tool has.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        let names = self.enable.iter().chain(&self.ignore).chain(self.severities.keys());
        for name in names {
            if rules::find(name).next().is_none() && !is_foreign_code(name) {
                let known =
                    rules::all().flat_map(|rule| [rule.name].into_iter().chain(rule.aliases.iter().copied()));
                return Err(ConfigurationError::unknown_rule(name, known));
            }
        }
        Ok(())
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// No rule has this name.
    #[error("there is no rule `{name}`")]
    UnknownRule {
        /// As given.
        name: String,
        /// A name that looks like it.
        suggestion: Option<String>,
    },
}

impl ConfigurationError {
    /// None of the rules `known` is called `name`.
    pub(crate) fn unknown_rule(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        Self::UnknownRule { name: name.to_owned(), suggestion: closest(name, known).map(str::to_owned) }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownRule { suggestion, .. } => {
                suggestion.as_ref().map(|name| format!("did you mean `{name}`?"))
            }
        }
    }
}

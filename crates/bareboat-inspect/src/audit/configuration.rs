//! Which rules run, and how bad their findings are.

use std::collections::BTreeMap;

use bareboat_report::Severity;

use super::{Rule, Waiver, rules};
use crate::lint::{ConfigurationError, Ruleset};

/// What the user wants. Rules are named by their names or by any alias, in any case.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Where to start from.
    pub preset: Preset,
    /// Rules that came later are off.
    pub ruleset: Ruleset,
    /// Rules that are on besides those of the preset.
    pub enable: Vec<String>,
    /// Rules that are off.
    pub ignore: Vec<String>,
    /// How bad findings are, where the rules' own word does not count.
    pub severities: BTreeMap<String, Severity>,
    /// Findings that are accepted.
    pub waivers: Vec<Waiver>,
}

/// A set of rules to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Preset {
    /// What everybody should see.
    #[default]
    Recommended,
    /// Every rule.
    All,
}

impl Preset {
    pub(super) fn has(self, rule: &Rule) -> bool {
        match self {
            Self::Recommended => rule.default_on,
            Self::All => true,
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
            waivers: Vec::new(),
        }
    }
}

impl Configuration {
    /// Checks that every rule that is named exists.
    ///
    /// # Errors
    /// A name that no rule has.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        let names = self.enable.iter().chain(&self.ignore).chain(self.severities.keys());
        for name in names {
            if !rules::all().any(|rule| rule.is_called(name)) {
                return Err(ConfigurationError::unknown_rule(name, rules::all().map(|rule| rule.name)));
            }
        }
        Ok(())
    }
}

//! Judging one image: run the rules over its facts, take out what is not wanted, sort.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_report::Severity;

use super::{Configuration, Finding, Findings, Rule, Waiver, rules};
use crate::facts::{Checksums, Facts};
use crate::knowledge::Date;
use crate::lint::ConfigurationError;

/// What a rule can look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The image.
    pub facts: &'a Facts,
    /// The day, for facts that end on one.
    pub today: Option<Date>,
}

/// A configuration worked out once, for any number of images.
#[derive(Debug)]
pub struct Auditor {
    configuration: Configuration,
    rules: Vec<&'static Rule>,
}

/// What was found in one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// By group, worst first, then rule and place.
    pub findings: Vec<Finding>,
    /// Rules that a bare image passes: how many ran.
    pub hard: usize,
    /// How many of those found nothing certain.
    pub passed: usize,
}

impl Audit {
    /// Names of the hard rules that found something certain which nobody waived.
    pub fn failed_hard(&self) -> Vec<String> {
        let fails = |finding: &&Finding| {
            finding.rule.is_hard && finding.severity >= Severity::Warning && finding.waived.is_none()
        };
        let failed: BTreeSet<&str> =
            self.findings.iter().filter(fails).map(|finding| finding.rule.name).collect();
        failed.into_iter().map(str::to_owned).collect()
    }
}

impl Auditor {
    /// Works a configuration out.
    ///
    /// # Errors
    /// It names a rule that nobody has.
    pub fn new(configuration: Configuration) -> Result<Self, ConfigurationError> {
        configuration.check()?;
        let is_on = |rule: &&'static Rule| {
            let is_named = |name: &String| rule.is_called(name);
            let is_wanted = configuration.preset.has(rule) && rule.since <= configuration.ruleset
                || configuration.enable.iter().any(is_named);
            is_wanted && !configuration.ignore.iter().any(is_named)
        };
        let rules = rules::all().filter(is_on).collect();
        Ok(Self { configuration, rules })
    }

    /// Waivers whose day has come.
    pub fn expired(&self, today: Option<Date>) -> impl Iterator<Item = &Waiver> {
        self.configuration.waivers.iter().filter(move |waiver| waiver.is_expired(today))
    }

    /// The checksums that the rules need.
    pub fn checksums(&self) -> Checksums {
        match self.rules.iter().any(|rule| rule.name == rules::NEEDS_CHECKSUMS) {
            true => Checksums::Md5,
            false => Checksums::None,
        }
    }

    /// The rules that run.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// Everything that is wrong with an image.
    pub fn audit(&self, context: &Context<'_>) -> Audit {
        let mut drafts = Vec::new();
        for rule in &self.rules {
            (rule.check)(context, &mut Findings::new(rule, context.facts, &mut drafts));
        }
        let mut findings: Vec<Finding> =
            drafts.into_iter().map(|draft| self.finish(draft.finish(), context.today)).collect();
        findings.sort_by(|a, b| {
            (a.rule.group, b.severity, a.confidence, a.rule.name, &a.place, &a.message).cmp(&(
                b.rule.group,
                a.severity,
                b.confidence,
                b.rule.name,
                &b.place,
                &b.message,
            ))
        });
        findings.dedup();
        let hard = self.rules.iter().filter(|rule| rule.is_hard).count();
        let mut audit = Audit { findings, hard, passed: hard };
        audit.passed -= audit.failed_hard().len();
        audit
    }

    fn finish(&self, mut finding: Finding, today: Option<Date>) -> Finding {
        let named = |severities: &BTreeMap<String, Severity>| {
            severities.iter().find(|(name, _)| finding.rule.is_called(name)).map(|(_, severity)| *severity)
        };
        if let Some(severity) = named(&self.configuration.severities) {
            finding.severity = severity;
        }
        let mut valid = self.configuration.waivers.iter().filter(|waiver| !waiver.is_expired(today));
        finding.waived = valid.find(|waiver| waiver.covers(&finding)).map(|waiver| waiver.reason.clone());
        finding
    }
}

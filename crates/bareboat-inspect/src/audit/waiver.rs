//! Findings that somebody accepts, with a reason and an end: a TOML file of `[[waiver]]` tables.
//!
//! ```toml
//! [[waiver]]
//! rule = "shell"            # a rule's name or one of its aliases
//! path = "/bin/*"           # optional; a pattern as in `.dockerignore`
//! reason = "debug image until the agent is gone"
//! expires = "2027-03-01"    # optional; from this day on it no longer counts
//! ```

use bareboat_dockerfile::Glob;
use serde::Deserialize;

use super::{Finding, rules};
use crate::knowledge::Date;

/// One accepted finding, or several of one rule.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The rule, by name or alias.
    pub rule: String,
    /// Which files; `None` for everything the rule finds.
    path: Option<(String, Glob)>,
    /// Why.
    pub reason: String,
    /// From this day on it no longer counts.
    pub expires: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    path: Option<String>,
    reason: String,
    expires: Option<String>,
}

impl Waiver {
    /// Reads a file of waivers.
    ///
    /// # Errors
    /// Not TOML, an unknown field or rule, an empty reason, a day or pattern that is none.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, WaiverError> {
        let file: File = toml::from_str(text).map_err(|error| WaiverError(error.message().to_owned()))?;
        file.waiver.into_iter().map(Self::new).collect()
    }

    fn new(row: Row) -> Result<Self, WaiverError> {
        let fail = |reason: String| WaiverError(format!("the waiver of `{}` {reason}", row.rule));
        if !rules::all().any(|rule| rule.is_called(&row.rule)) {
            return Err(fail("names no rule".to_owned()));
        }
        if row.reason.trim().is_empty() {
            return Err(fail("gives no reason".to_owned()));
        }
        let expires = row.expires.as_deref().map(str::parse).transpose();
        let expires = expires.map_err(|error| fail(format!("ends on no day: {error}")))?;
        let glob =
            |text: &String| Glob::ignore(text.trim_start_matches('/')).map(|glob| (text.clone(), glob));
        let path = row.path.as_ref().map(glob).transpose();
        let path = path.map_err(|error| fail(format!("has a bad pattern: {error}")))?;
        Ok(Self { path, expires, rule: row.rule.clone(), reason: row.reason.clone() })
    }

    /// True when it no longer counts.
    pub fn is_expired(&self, today: Option<Date>) -> bool {
        self.expires.zip(today).is_some_and(|(end, today)| end <= today)
    }

    /// True when it means `finding`.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let is_path = |(_, glob): &(String, Glob)| {
            finding.place.path.as_ref().is_some_and(|path| glob.matches(path.as_bytes()))
        };
        finding.rule.is_called(&self.rule) && self.path.as_ref().is_none_or(is_path)
    }
}

/// Why a file of waivers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WaiverError(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Auditor, Configuration, Context, fixture};

    const IMAGE: &str =
        "cmd [\"/app\"]\nuser 1:1\nelf /app 0755 static\nelf /bin/sh 0755 static\nelf /bin/zsh 0755 static\n";

    fn shells(text: &str, day: &str) -> Vec<Option<String>> {
        let waivers = Waiver::parse_all(text).unwrap();
        let auditor = Auditor::new(Configuration { waivers, ..Configuration::default() }).unwrap();
        let facts = fixture::facts(IMAGE);
        let audit = auditor.audit(&Context { facts: &facts, today: day.parse().ok() });
        let shells = audit.findings.into_iter().filter(|finding| finding.rule.name == "shell");
        shells.map(|finding| finding.waived).collect()
    }

    #[test]
    fn accepted_findings_carry_the_reason_until_the_day() {
        let waiver = "[[waiver]]\nrule = \"shell\"\npath = \"/bin/z*\"\nreason = \"known\"\nexpires = \"2027-01-01\"\n";
        assert_eq!(shells(waiver, "2026-12-31"), [None, Some("known".to_owned())]);
        assert_eq!(shells(waiver, "2027-01-01"), [None, None]);
        assert_eq!(
            shells("[[waiver]]\nrule = \"shell\"\nreason = \"x\"\n", "2027-01-01").iter().flatten().count(),
            2
        );
    }

    #[test]
    fn what_is_no_waiver_is_refused() {
        let error = |text: &str| Waiver::parse_all(text).unwrap_err().to_string();
        assert_eq!(
            error("[[waiver]]\nrule = \"shel\"\nreason = \"x\"\n"),
            "the waiver of `shel` names no rule"
        );
        assert_eq!(
            error("[[waiver]]\nrule = \"shell\"\nreason = \" \"\n"),
            "the waiver of `shell` gives no reason"
        );
        assert!(
            error("[[waiver]]\nrule = \"shell\"\nreason = \"x\"\nexpires = \"soon\"\n")
                .contains("`soon` is no day")
        );
        assert!(error("[[waiver]]\nrule = \"shell\"\n").contains("reason"));
        assert!(error("[[waivers]]\n").contains("waivers"));
    }
}

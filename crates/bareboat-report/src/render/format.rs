//! The formats by name, and one call for all of them.

use std::fmt;
use std::str::FromStr;

use crate::{FileReport, RuleInfo};

use super::{TextStyle, checkstyle, codeclimate, github, gnu, json, junit, markdown, sarif, sonarqube, text};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people.
    Text,
    /// Our own document.
    Json,
    /// SARIF 2.1.0 (OASIS): code scanning of GitHub, Azure DevOps and others.
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines of a change.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Code Climate's issues; the same document as for GitLab.
    Codeclimate,
    /// Checkstyle's XML.
    Checkstyle,
    /// JUnit's XML: every finding is a failed test.
    Junit,
    /// `FILE:LINE:COLUMN: SEVERITY: MESSAGE`, as compilers write it.
    Gnu,
    /// SonarQube's generic issues.
    Sonarqube,
    /// A table for a comment or a job summary.
    Markdown,
}

/// All that was found, and by what.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The files, in the order in which they are shown.
    pub files: &'a [FileReport],
    /// The rules that looked, by name. Documents that describe rules describe these.
    pub rules: &'a [RuleInfo],
    /// The version of the program.
    pub version: &'a str,
}

/// All that was found, in a format.
pub fn render(format: Format, report: &Report<'_>, style: TextStyle) -> String {
    match format {
        Format::Text => report.files.iter().map(|file| text(file, style)).collect(),
        Format::Json => json(report.files),
        Format::Sarif => sarif(report),
        Format::Github => github(report.files),
        Format::Gitlab | Format::Codeclimate => codeclimate(report),
        Format::Checkstyle => checkstyle(report.files),
        Format::Junit => junit(report.files),
        Format::Gnu => gnu(report.files),
        Format::Sonarqube => sonarqube(report),
        Format::Markdown => markdown(report.files),
    }
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Json,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Codeclimate,
        Self::Checkstyle,
        Self::Junit,
        Self::Gnu,
        Self::Sonarqube,
        Self::Markdown,
    ];

    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Codeclimate => "codeclimate",
            Self::Checkstyle => "checkstyle",
            Self::Junit => "junit",
            Self::Gnu => "gnu",
            Self::Sonarqube => "sonarqube",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(pub String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Format::ALL.map(Format::as_str).join("`, `");
        write!(f, "there is no format `{}`; there are `{known}`", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

//! What a configuration file says, ours or hadolint's, before the command line has its say.

use std::collections::BTreeMap;

use bareboat_report::render::Format;
use bareboat_report::{Severity, closest};
use serde::Deserialize;

use super::{Configuration, LabelFormat, Preset, Ruleset, Threshold};

/// What a file says; what it leaves open is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigurationFile {
    /// `preset`.
    pub preset: Option<Preset>,
    /// `ruleset`.
    pub ruleset: Option<Ruleset>,
    /// `threshold`.
    pub threshold: Option<Threshold>,
    /// `format`.
    pub format: Option<Format>,
    /// `enable`.
    pub enable: Vec<String>,
    /// `ignore`.
    pub ignore: Vec<String>,
    /// `severity`, without `off`; a rule that is named there is also enabled.
    pub severities: BTreeMap<String, Severity>,
    /// `pragmas`.
    pub pragmas: Option<bool>,
    /// `trusted-registries`.
    pub trusted_registries: Vec<String>,
    /// `labels`.
    pub labels: BTreeMap<String, LabelFormat>,
    /// `strict-labels`.
    pub strict_labels: Option<bool>,
    /// `exclude`: files and directories that are not looked for.
    pub exclude: Vec<String>,
    /// `baseline`, relative to the file.
    pub baseline: Option<String>,
    /// `shellcheck`: `auto`, `off` or a path, as written.
    pub shellcheck: Option<String>,
    /// What in the file means nothing here.
    pub warnings: Vec<String>,
}

impl ConfigurationFile {
    /// The configuration this file asks for, over the defaults.
    pub fn configuration(&self) -> Configuration {
        let mut configuration = Configuration {
            preset: self.preset.unwrap_or_default(),
            ruleset: self.ruleset.unwrap_or(Ruleset::NEWEST),
            enable: self.enable.clone(),
            ignore: self.ignore.clone(),
            severities: self.severities.clone(),
            pragmas: self.pragmas.unwrap_or(true),
            ..Configuration::default()
        };
        configuration.enable.extend(self.severities.keys().cloned());
        configuration.settings.trusted_registries = self.trusted_registries.clone();
        configuration.settings.labels = self.labels.clone();
        configuration.settings.strict_labels = self.strict_labels.unwrap_or_default();
        configuration
    }
}

/// `[lint]` as TOML has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Table {
    preset: Option<String>,
    ruleset: Option<String>,
    threshold: Option<String>,
    format: Option<String>,
    enable: Vec<String>,
    ignore: Vec<String>,
    severity: BTreeMap<String, String>,
    pragmas: Option<bool>,
    trusted_registries: Vec<String>,
    labels: BTreeMap<String, String>,
    strict_labels: Option<bool>,
    exclude: Vec<String>,
    baseline: Option<String>,
    shellcheck: Option<String>,
}

/// The keys of [`Table`], for suggestions.
const KEYS: [&str; 14] = [
    "preset",
    "ruleset",
    "threshold",
    "format",
    "enable",
    "ignore",
    "severity",
    "pragmas",
    "trusted-registries",
    "labels",
    "strict-labels",
    "exclude",
    "baseline",
    "shellcheck",
];

/// Why a configuration file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    /// Where it is wrong, from 1; 0 when unknown.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl FileError {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), hint: None }
    }
}

/// Where `[lint]` is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TomlKind {
    /// `bareboat.toml`: `[lint]`.
    Bareboat,
    /// `pyproject.toml`: `[tool.bareboat.lint]`.
    Pyproject,
}

impl ConfigurationFile {
    /// Reads our own table; `None` when the file has none.
    ///
    /// # Errors
    /// It is not TOML, a key does not exist, or a value means nothing.
    pub fn toml(text: &str, kind: TomlKind) -> Result<Option<Self>, FileError> {
        let refused = |error: toml::de::Error| syntax(text, &error);
        let table = match kind {
            TomlKind::Bareboat => toml::from_str::<Bareboat>(text).map_err(refused)?.lint,
            TomlKind::Pyproject => toml::from_str::<Pyproject>(text).map_err(refused)?.tool.bareboat.lint,
        };
        table.map(|table| read(text, table)).transpose()
    }
}

// Only the way to the table: the build's own settings are no concern of the linter.
#[derive(Default, Deserialize)]
struct Bareboat {
    lint: Option<Table>,
}

#[derive(Default, Deserialize)]
struct Pyproject {
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    #[serde(default)]
    bareboat: Bareboat,
}

fn read(text: &str, table: Table) -> Result<ConfigurationFile, FileError> {
    let mut file = ConfigurationFile {
        enable: table.enable,
        ignore: table.ignore,
        pragmas: table.pragmas,
        trusted_registries: table.trusted_registries,
        strict_labels: table.strict_labels,
        exclude: table.exclude,
        baseline: table.baseline,
        shellcheck: table.shellcheck,
        preset: value(text, "preset", table.preset)?,
        ruleset: value(text, "ruleset", table.ruleset)?,
        threshold: value(text, "threshold", table.threshold)?,
        format: value(text, "format", table.format)?,
        ..ConfigurationFile::default()
    };
    for (rule, severity) in table.severity {
        if severity == "off" {
            file.ignore.push(rule);
            continue;
        }
        if let Some(severity) = value(text, &rule, Some(severity))? {
            file.severities.insert(rule, severity);
        }
    }
    for (label, format) in table.labels {
        if let Some(format) = value(text, &label, Some(format))? {
            file.labels.insert(label, format);
        }
    }
    Ok(file)
}

fn value<T>(text: &str, key: &str, value: Option<String>) -> Result<Option<T>, FileError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let Some(value) = value else { return Ok(None) };
    let refused = |error: T::Err| FileError::new(line_of_key(text, key), format!("`{key}`: {error}"));
    value.parse().map(Some).map_err(refused)
}

fn syntax(text: &str, error: &toml::de::Error) -> FileError {
    let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let unknown = error.message().strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let Some(key) = unknown else { return FileError::new(line, error.message()) };
    let hint = match closest(key, KEYS) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("the settings are: {}", KEYS.join(", ")),
    };
    let line = if line > 0 { line } else { line_of_key(text, key) };
    FileError { hint: Some(hint), ..FileError::new(line, format!("there is no setting `{key}`")) }
}

fn line_of_key(text: &str, key: &str) -> usize {
    let starts = |line: &str| line.trim_start().trim_start_matches('"').starts_with(key);
    text.lines().position(starts).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(text: &str) -> Result<Option<ConfigurationFile>, FileError> {
        ConfigurationFile::toml(text, TomlKind::Bareboat)
    }

    #[test]
    fn reads_every_setting() {
        let text = r#"
            port = 8000
            [lint]
            preset = "all"
            ruleset = "2026.11"
            threshold = "never"
            format = "sarif"
            enable = ["healthcheck-missing"]
            ignore = ["DL3059"]
            pragmas = false
            trusted-registries = ["*.example.org"]
            strict-labels = true
            exclude = ["vendor/"]
            baseline = "lint.json"
            shellcheck = "off"
            severity = { from-latest = "error", sudo = "off" }
            labels = { licence = "spdx" }
        "#;
        let file = ours(text).unwrap().unwrap();
        let configuration = file.configuration();
        assert_eq!((file.threshold, file.format), (Some(Threshold::Never), Some(Format::Sarif)));
        assert_eq!(configuration.preset, Preset::All);
        assert_eq!(configuration.enable, ["healthcheck-missing", "from-latest"]);
        assert_eq!(configuration.ignore, ["DL3059", "sudo"]);
        assert_eq!(configuration.severities["from-latest"], Severity::Error);
        assert_eq!(configuration.settings.labels["licence"], LabelFormat::Spdx);
        assert!(!configuration.pragmas && configuration.settings.strict_labels);
        assert_eq!(file.shellcheck.as_deref(), Some("off"));
        assert_eq!((file.exclude, file.baseline), (vec!["vendor/".to_owned()], Some("lint.json".to_owned())));
    }

    #[test]
    fn a_file_may_be_about_something_else() {
        assert_eq!(ours("port = 1\n").unwrap(), None);
        assert_eq!(ConfigurationFile::toml("[tool.black]\n", TomlKind::Pyproject).unwrap(), None);
        let text = "[tool.bareboat.lint]\nignore = [\"DL3008\"]\n";
        let file = ConfigurationFile::toml(text, TomlKind::Pyproject).unwrap().unwrap();
        assert_eq!(file.ignore, ["DL3008"]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &str| {
            let error = ours(text).unwrap_err();
            format!("{}: {} ({})", error.line, error.message, error.hint.unwrap_or_default())
        };
        assert_eq!(
            wrong("[lint]\n\nignroe = []\n"),
            "3: there is no setting `ignroe` (did you mean `ignore`?)"
        );
        assert_eq!(
            wrong("[lint]\nruleset = \"2020.01\"\n"),
            "2: `ruleset`: there is no rule set `2020.01`; the newest one is `2026.11` ()"
        );
        assert!(wrong("[lint]\nsarif\n").starts_with("2: "));
    }
}

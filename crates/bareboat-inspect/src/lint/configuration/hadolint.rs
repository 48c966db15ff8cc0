//! hadolint's configuration file, as its users have it: what it says in our words.
//!
//! hadolint passes over keys it does not know; here they are warnings, as are settings that mean nothing here. A
//! rule that `override` names runs, as it does there, also when it is off by default.

use bareboat_report::Severity;
use bareboat_report::render::Format;

use super::file::{ConfigurationFile, FileError};
use super::{LabelFormat, Threshold};
use crate::yaml::{self, Node, Value};

impl ConfigurationFile {
    /// Reads `.hadolint.yaml`.
    ///
    /// # Errors
    /// It is not YAML, or a value that we understand has a wrong form.
    pub fn hadolint(text: &str) -> Result<Self, FileError> {
        let mut file = Self::default();
        let root = yaml::parse(text).map_err(|error| FileError::new(error.line, error.message))?;
        let Some(root) = root.filter(|root| !root.is_null()) else { return Ok(file) };
        let reader = Reader { text };
        if !matches!(root.value, Value::Map(_)) {
            return Err(reader.wrong(&root, "want a map of settings"));
        }
        let mut no_fail = false;
        for (key, value) in root.pairs() {
            let name = key.text().unwrap_or_default();
            match name {
                _ if value.is_null() => {}
                "ignored" => file.ignore.extend(reader.list(value)?),
                "override" => reader.overrides(value, &mut file)?,
                "failure-threshold" => file.threshold = Some(reader.threshold(value)?),
                "no-fail" => no_fail = reader.boolean(value)?,
                "trustedRegistries" => file.trusted_registries = reader.list(value)?,
                "label-schema" => reader.labels(value, &mut file)?,
                "strict-labels" => file.strict_labels = Some(reader.boolean(value)?),
                "disable-ignore-pragma" => file.pragmas = Some(!reader.boolean(value)?),
                "format" => match format(reader.text(value)?) {
                    Some(format) => file.format = Some(format),
                    None => file.warnings.push(format!("there is no format `{}` here", reader.text(value)?)),
                },
                // `--color` and NO_COLOR decide about colours, `-v` about talk.
                "no-color" | "verbose" => {}
                other => file.warnings.push(format!("line {}: unknown setting `{other}`", reader.line(key))),
            }
        }
        if no_fail {
            file.threshold = Some(Threshold::Never);
        }
        Ok(file)
    }
}

/// hadolint's names for formats.
fn format(name: &str) -> Option<Format> {
    match name {
        "tty" => Some(Format::Text),
        "gitlab_codeclimate" => Some(Format::Gitlab),
        other => other.parse().ok(),
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn line(&self, node: &Node) -> usize {
        self.text[..node.range.start.min(self.text.len())].matches('\n').count() + 1
    }

    fn wrong(&self, node: &Node, message: impl Into<String>) -> FileError {
        FileError::new(self.line(node), message)
    }

    fn text<'n>(&self, node: &'n Node) -> Result<&'n str, FileError> {
        node.text().ok_or_else(|| self.wrong(node, "want a word"))
    }

    fn boolean(&self, node: &Node) -> Result<bool, FileError> {
        match self.text(node)?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(true),
            "false" | "no" | "off" | "n" => Ok(false),
            other => Err(self.wrong(node, format!("want `true` or `false`, not `{other}`"))),
        }
    }

    fn list(&self, node: &Node) -> Result<Vec<String>, FileError> {
        match &node.value {
            Value::List(items) => items.iter().map(|item| Ok(self.text(item)?.to_owned())).collect(),
            _ => Err(self.wrong(node, "want a list")),
        }
    }

    fn threshold(&self, node: &Node) -> Result<Threshold, FileError> {
        let word = self.text(node)?.to_ascii_lowercase();
        word.parse().map_err(|error| self.wrong(node, format!("`failure-threshold`: {error}")))
    }

    fn overrides(&self, node: &Node, file: &mut ConfigurationFile) -> Result<(), FileError> {
        for (key, rules) in node.pairs() {
            if rules.is_null() {
                continue;
            }
            match self.text(key)?.parse::<Severity>() {
                Ok(severity) => {
                    for rule in self.list(rules)? {
                        // hadolint looks from `error` to `style` and takes the first.
                        let entry = file.severities.entry(rule).or_insert(severity);
                        *entry = severity.max(*entry);
                    }
                }
                Err(error) => {
                    file.warnings.push(format!("line {}: `override`: {error}", self.line(key)));
                }
            }
        }
        Ok(())
    }

    fn labels(&self, node: &Node, file: &mut ConfigurationFile) -> Result<(), FileError> {
        for (label, form) in node.pairs() {
            let form = self.text(form)?.to_ascii_lowercase();
            let parsed: LabelFormat =
                form.parse().map_err(|error| self.wrong(label, format!("`label-schema`: {error}")))?;
            file.labels.insert(self.text(label)?.to_owned(), parsed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_hadolint_reads() {
        let text = "\
failure-threshold: Warning
format: tty
ignored:
  - DL3008
  - SC2086
override:
  error: [DL3015]
  warning:
    - DL3057
    - DL3015
  loud: [DL3000]
trustedRegistries: ['docker.io', \"*.example.org\"]
label-schema:
  author: text
  created: rfc3339
  commit: hash
strict-labels: yes
disable-ignore-pragma: true
no-color:
colour: always
";
        let file = ConfigurationFile::hadolint(text).unwrap();
        assert_eq!(file.threshold, Some(Threshold::At(Severity::Warning)));
        assert_eq!(file.format, Some(Format::Text));
        assert_eq!(file.ignore, ["DL3008", "SC2086"]);
        assert_eq!(
            (file.severities["DL3015"], file.severities["DL3057"]),
            (Severity::Error, Severity::Warning)
        );
        assert_eq!(file.trusted_registries, ["docker.io", "*.example.org"]);
        assert_eq!(file.labels["commit"], LabelFormat::GitHash);
        assert_eq!((file.strict_labels, file.pragmas), (Some(true), Some(false)));
        assert_eq!(
            file.warnings,
            [
                "line 11: `override`: `loud` is no severity: want `error`, `warning`, `info` or `style`",
                "line 20: unknown setting `colour`"
            ]
        );
        assert!(file.configuration().enable.contains(&"DL3057".to_owned()));
    }

    #[test]
    fn an_empty_file_says_nothing_and_a_broken_one_is_an_error() {
        assert_eq!(ConfigurationFile::hadolint("---\n").unwrap(), ConfigurationFile::default());
        let error = ConfigurationFile::hadolint("ignored:\n  - DL3008\n bad: [\n").unwrap_err();
        assert!(error.line >= 3, "{error:?}");
        assert_eq!(ConfigurationFile::hadolint("ignored: DL3008\n").unwrap_err().message, "want a list");
        assert_eq!(ConfigurationFile::hadolint("- a\n").unwrap_err().message, "want a map of settings");
    }

    #[test]
    fn no_fail_wins_over_the_threshold() {
        let file = ConfigurationFile::hadolint("no-fail: true\nfailure-threshold: error\n").unwrap();
        assert_eq!(file.threshold, Some(Threshold::Never));
    }
}

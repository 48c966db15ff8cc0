//! `bareboat.toml`, or `[tool.bareboat]` in `pyproject.toml`: what the user decides instead of detection.

use std::collections::BTreeMap;
use std::path::Path;

use bareboat_report::closest;
use serde::{Deserialize, Serialize};

use super::plain_file;

/// The configuration of one application. Every field is optional; what is absent is detected or defaulted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The command that starts the application: one line, split without a shell, or a list of words.
    /// `$NAME` and `${NAME:-default}` are replaced at start.
    pub command: Option<Command>,
    /// The TCP port the application listens on; becomes `PORT` and the exposed port.
    pub port: Option<u16>,
    /// The Python minor version, for example `3.13`.
    pub python: Option<String>,
    /// The Debian release by number or name: `13`, `trixie`.
    pub debian: Option<String>,
    /// Further Debian packages, by name.
    pub packages: Vec<String>,
    /// Distributions to take from Debian's own `python3-*` packages instead of the Python index:
    /// distribution name → Debian package name.
    pub debian_python: BTreeMap<String, String>,
    /// Debian packages, by name, that builds of source distributions need: headers and tools such as `libpq-dev`. They
    /// are not in the image.
    pub build_packages: Vec<String>,
    /// Python requirements to build source distributions with, besides those each of them names: `setuptools<81`.
    pub build_requirements: Vec<String>,
    /// How much of the packages is left out: `safe` (default), `full` or `web`.
    pub slice: Option<String>,
    /// `standard` (default), or `debug`: with a static busybox in `/busybox`.
    pub variant: Option<String>,
    /// Numeric user, or `user:group`; the default is 65532.
    pub user: Option<String>,
    /// The image also runs under an arbitrary user id in group 0.
    pub arbitrary_user: bool,
    /// Directories the application may write to, absolute.
    pub writable: Vec<String>,
    /// Environment variables of the image.
    pub env: BTreeMap<String, String>,
    /// Labels and annotations of the image.
    pub labels: BTreeMap<String, String>,
    /// `gzip` (default) or `zstd`.
    pub compression: Option<String>,
    /// Extras of the project to install.
    pub extras: Vec<String>,
    /// The requirements file to read, when there are several.
    pub requirements: Option<String>,
    /// Debian mirrors, tried in order.
    pub mirrors: Vec<String>,
    /// Fail when a package's maintainer script does something that is not covered.
    pub strict: bool,
    /// What `bareboat lint` is told; see the guide to it. A build looks at none of it.
    #[serde(skip_serializing)]
    pub lint: Option<Elsewhere>,
}

/// A part of the file that somebody else reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere;

impl<'de> Deserialize<'de> for Elsewhere {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A command line or a list of words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Command {
    /// One line, split as [`crate::app::words::split`] does.
    Line(String),
    /// Words as they are.
    Words(Vec<String>),
}

/// The names of all keys, for suggestions and for `init`.
pub const KEYS: &[&str] = &[
    "command",
    "port",
    "python",
    "debian",
    "packages",
    "debian-python",
    "build-packages",
    "build-requirements",
    "slice",
    "variant",
    "user",
    "arbitrary-user",
    "writable",
    "env",
    "labels",
    "compression",
    "extras",
    "requirements",
    "mirrors",
    "strict",
    "lint",
];

/// The file that holds the configuration on its own.
pub const FILE_NAME: &str = "bareboat.toml";

impl Config {
    /// Reads the configuration of the application in `root`: `bareboat.toml`, else `[tool.bareboat]`, else empty.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, or a key that does not exist (with the closest one that does).
    pub fn load(root: &Path) -> Result<Self, ConfigError> {
        if let Some(text) = read(&root.join(FILE_NAME), FILE_NAME)? {
            return Self::parse(&text, FILE_NAME);
        }
        let Some(text) = read(&root.join("pyproject.toml"), "pyproject.toml")? else {
            return Ok(Self::default());
        };
        if !text.contains("bareboat") {
            return Ok(Self::default());
        }
        let document: toml::Table =
            toml::from_str(&text).map_err(|error| ConfigError::syntax("pyproject.toml", &text, &error))?;
        match document.get("tool").and_then(|tool| tool.get("bareboat")) {
            Some(table) => {
                table.clone().try_into().map_err(|error| ConfigError::syntax("pyproject.toml", &text, &error))
            }
            None => Ok(Self::default()),
        }
    }

    /// Parses the text of a `bareboat.toml`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::syntax(file, text, &error))
    }
}

fn read(path: &Path, name: &str) -> Result<Option<String>, ConfigError> {
    match plain_file::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::Read { file: name.to_owned(), reason: error.to_string() }),
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is there but cannot be read.
    #[error("cannot read `{file}`: {reason}")]
    Read {
        /// File name.
        file: String,
        /// The system's reason.
        reason: String,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("cannot use `{file}`, line {line}: {message}")]
    Syntax {
        /// File name.
        file: String,
        /// One-based line; 0 when unknown.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key that does not exist.
    #[error("`{file}`, line {line}: there is no setting `{key}`")]
    UnknownKey {
        /// File name.
        file: String,
        /// One-based line; 0 when unknown.
        line: usize,
        /// The key.
        key: String,
        /// The closest key that exists.
        suggestion: Option<&'static str>,
    },
    /// A value that no target or tool accepts.
    #[error("{}: {reason}", said.quote(key, value))]
    Value {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
        /// Where it was said.
        said: Said,
        /// What would be accepted.
        reason: String,
    },
}

/// Where a value was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// As an option of the command line.
    Option,
    /// In `bareboat.toml` or `[tool.bareboat]`.
    Setting,
    /// In the environment.
    Variable,
}

impl Said {
    /// The value as the user wrote it, and where.
    fn quote(self, key: &str, value: &str) -> String {
        match self {
            Self::Option => format!("cannot use `--{key} {value}`"),
            Self::Setting => format!("cannot use `{key} = {value}` in the configuration"),
            Self::Variable => format!("cannot use `{key}={value}` in the environment"),
        }
    }
}

impl ConfigError {
    fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line =
            error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = error.message().to_owned();
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        match unknown {
            Some(key) => Self::UnknownKey {
                file: file.to_owned(),
                line: if line > 0 { line } else { line_of_key(text, key) },
                key: key.to_owned(),
                suggestion: closest(key, KEYS.iter().copied())
                    .and_then(|name| KEYS.iter().copied().find(|key| *key == name)),
            },
            None => Self::Syntax { file: file.to_owned(), line, message },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { suggestion: Some(suggestion), .. } => {
                Some(format!("did you mean `{suggestion}`?"))
            }
            Self::UnknownKey { .. } => Some(format!("the settings are: {}", KEYS.join(", "))),
            _ => None,
        }
    }
}

fn line_of_key(text: &str, key: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(key)).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_key_it_knows() {
        let all =
            toml::Table::try_from(Config { command: Some(Command::Line("x".into())), ..Config::default() })
                .unwrap();
        for key in all.keys() {
            assert!(KEYS.contains(&key.as_str()), "{key} is missing in KEYS");
        }
    }

    #[test]
    fn what_the_linter_is_told_is_none_of_its_business() {
        let config = Config::parse("port = 1\n[lint]\nanything = [1.5]\n", FILE_NAME).unwrap();
        assert_eq!(config.port, Some(1));
    }

    #[test]
    fn suggests_the_key_that_was_meant() {
        let error = Config::parse("port = 1\npakages = []\n", FILE_NAME).unwrap_err();
        assert_eq!(error.to_string(), "`bareboat.toml`, line 2: there is no setting `pakages`");
        assert_eq!(error.hint().as_deref(), Some("did you mean `packages`?"));
    }

    #[test]
    fn takes_commands_as_a_line_or_as_words() {
        let line = Config::parse("command = 'python -m x'", FILE_NAME).unwrap();
        assert_eq!(line.command, Some(Command::Line("python -m x".into())));
        let words = Config::parse("command = ['python', '-m', 'x']", FILE_NAME).unwrap();
        assert_eq!(words.command, Some(Command::Words(vec!["python".into(), "-m".into(), "x".into()])));
        assert!(matches!(Config::parse("port = 70000", FILE_NAME), Err(ConfigError::Syntax { line: 1, .. })));
    }
}

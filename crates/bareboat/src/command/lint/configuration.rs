//! Which configuration counts for which file.
//!
//! The nearest file counts alone: from the Dockerfile's directory upwards to the repository's root, in one
//! directory `bareboat.toml` with `[lint]`, then `pyproject.toml` with `[tool.bareboat.lint]`, then `.hadolint.yaml`
//! or `.hadolint.yml`; then hadolint's files of the user. What the command line says wins over it; its lists add to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bareboat_inspect::lint::{
    Configuration, ConfigurationError, ConfigurationFile, FileError, Linter, Preset, Rule, Threshold,
    TomlKind, rules,
};
use bareboat_report::Severity;
use bareboat_report::render::Format;

use super::walk::absolute;
use crate::cli::{FindingFormat, LintArgs, PresetChoice, ThresholdChoice};
use crate::failure::Failure;
use crate::shellcheck::ShellCheckChoice;
use crate::terminal::Terminal;

/// A configuration worked out.
pub struct Effective {
    /// What judges.
    pub linter: Linter,
    /// From where on findings are a failure.
    pub threshold: Threshold,
    /// How findings are printed.
    pub format: Format,
    /// Findings to accept.
    pub baseline: Option<PathBuf>,
    /// Patterns of files not to look for, and the directory they are relative to.
    pub exclude: (PathBuf, Vec<String>),
    /// Which ShellCheck is asked.
    pub shellcheck: ShellCheckChoice,
}

/// Finds configurations, each once.
pub struct Configurations<'a> {
    arguments: &'a LintArgs,
    terminal: &'a Terminal,
    /// By directory.
    found: BTreeMap<PathBuf, Arc<Effective>>,
    /// By file; the empty path is no file.
    read: BTreeMap<PathBuf, Arc<Effective>>,
}

impl<'a> Configurations<'a> {
    /// Nothing is read before it is asked for.
    pub fn new(arguments: &'a LintArgs, terminal: &'a Terminal) -> Self {
        Self { arguments, terminal, found: BTreeMap::new(), read: BTreeMap::new() }
    }

    /// What counts for files in `directory`.
    pub fn of(&mut self, directory: &Path) -> Result<Arc<Effective>, Failure> {
        let directory = absolute(directory);
        if let Some(known) = self.found.get(&directory) {
            return Ok(Arc::clone(known));
        }
        let file = match (&self.arguments.config, self.arguments.no_config) {
            (Some(path), _) => Some(named(path)?),
            (None, true) => None,
            (None, false) => nearest(&directory)?,
        };
        let (path, file) = file.unwrap_or_default();
        let effective = match self.read.get(&path) {
            Some(known) => Arc::clone(known),
            None => {
                let effective = Arc::new(effective(self.arguments, &path, &file)?);
                self.say(&path, &file);
                self.read.insert(path, Arc::clone(&effective));
                effective
            }
        };
        self.found.insert(directory, Arc::clone(&effective));
        Ok(effective)
    }

    fn say(&self, path: &Path, file: &ConfigurationFile) {
        match path.as_os_str().is_empty() {
            true => self.terminal.decision("no configuration file"),
            false => self.terminal.decision(&format!("configuration: {}", path.display())),
        }
        for warning in &file.warnings {
            self.terminal.warning(&format!("`{}`: {warning}", path.display()));
        }
    }
}

type Found = (PathBuf, ConfigurationFile);

/// The file that the user names; what it is, its name says.
fn named(path: &Path) -> Result<Found, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let file = match path.extension().and_then(|ending| ending.to_str()) {
        Some("yaml" | "yml") => Some(ConfigurationFile::hadolint(&text).map_err(|error| wrong(path, error))?),
        _ => read_toml(path, &text)?,
    };
    let missing = || {
        Failure::input(format!("`{}` has no table `lint`", path.display()))
            .hint("write `[lint]`; in `pyproject.toml` it is `[tool.bareboat.lint]`")
    };
    Ok((path.to_owned(), file.ok_or_else(missing)?))
}

/// The nearest file at or above `directory`.
fn nearest(directory: &Path) -> Result<Option<Found>, Failure> {
    let here = absolute(Path::new("."));
    for above in directory.ancestors() {
        // Named as the user sees it.
        let shown = above.strip_prefix(&here).unwrap_or(above);
        for name in ["bareboat.toml", "pyproject.toml"] {
            let path = shown.join(name);
            if let Some(text) = read(&path)?
                && let Some(file) = read_toml(&path, &text)?
            {
                return Ok(Some((path, file)));
            }
        }
        if let Some(found) = hadolint([".hadolint.yaml", ".hadolint.yml"].map(|name| shown.join(name)))? {
            return Ok(Some(found));
        }
        if above.join(".git").exists() {
            break;
        }
    }
    hadolint(of_the_user())
}

/// Where hadolint looks besides the working directory.
fn of_the_user() -> Vec<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut stems: Vec<PathBuf> =
        variable("XDG_CONFIG_HOME").map(|home| home.join("hadolint")).into_iter().collect();
    if let Some(home) = variable("HOME") {
        let below = [".config/hadolint", ".hadolint/hadolint", ".hadolint/config", ".hadolint"];
        stems.extend(below.map(|stem| home.join(stem)));
    }
    let endings =
        |stem: PathBuf| [".yaml", ".yml"].map(|ending| PathBuf::from(format!("{}{ending}", stem.display())));
    stems.into_iter().flat_map(endings).collect()
}

fn hadolint(paths: impl IntoIterator<Item = PathBuf>) -> Result<Option<Found>, Failure> {
    for path in paths {
        if let Some(text) = read(&path)? {
            let file = ConfigurationFile::hadolint(&text).map_err(|error| wrong(&path, error))?;
            return Ok(Some((path, file)));
        }
    }
    Ok(None)
}

fn read_toml(path: &Path, text: &str) -> Result<Option<ConfigurationFile>, Failure> {
    let is_project = path.file_name().is_some_and(|name| name == "pyproject.toml");
    let kind = if is_project { TomlKind::Pyproject } else { TomlKind::Bareboat };
    ConfigurationFile::toml(text, kind).map_err(|error| wrong(path, error))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

/// What somebody asks for besides a file: it wins, and its lists add.
pub struct Wishes<'a> {
    /// Where to start from.
    pub preset: Option<Preset>,
    /// Rules that are on.
    pub enable: &'a [String],
    /// Rules that are off.
    pub ignore: &'a [String],
}

impl Wishes<'_> {
    /// The file with these wishes.
    pub fn over(&self, file: &ConfigurationFile) -> Configuration {
        let mut configuration = file.configuration();
        configuration.preset = self.preset.unwrap_or(configuration.preset);
        configuration.ignore.retain(|name| !self.enable.iter().any(|enabled| means_the_same(name, enabled)));
        configuration.ignore.extend_from_slice(self.ignore);
        configuration.enable.extend_from_slice(self.enable);
        configuration
    }
}

/// The linter for files in `directory`, by the nearest configuration file and `wishes`.
pub fn linter_for(directory: &Path, wishes: &Wishes<'_>) -> Result<Linter, Failure> {
    let (path, file) = nearest(&absolute(directory))?.unwrap_or_default();
    linter(wishes.over(&file), &path)
}

/// What a file and the command line ask for together.
fn effective(arguments: &LintArgs, path: &Path, file: &ConfigurationFile) -> Result<Effective, Failure> {
    let wishes =
        Wishes { preset: arguments.preset.map(preset), enable: &arguments.enable, ignore: &arguments.ignore };
    let mut configuration = wishes.over(file);
    if let Some(ruleset) = &arguments.ruleset {
        configuration.ruleset = ruleset
            .parse()
            .map_err(|error| Failure::input(format!("cannot use `--ruleset {ruleset}`")).because(error))?;
    }
    configuration.pragmas &= !arguments.no_pragmas;
    let beside = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    Ok(Effective {
        linter: linter(configuration, path)?,
        threshold: arguments.threshold.map(threshold).or(file.threshold).unwrap_or_default(),
        format: arguments.format.map(format).or(file.format).unwrap_or(Format::Text),
        baseline: arguments.baseline.clone().or_else(|| Some(beside.join(file.baseline.as_ref()?))),
        shellcheck: shellcheck(arguments, path, &beside, file)?,
        exclude: (absolute(&beside), file.exclude.clone()),
    })
}

fn shellcheck(
    arguments: &LintArgs,
    path: &Path,
    beside: &Path,
    file: &ConfigurationFile,
) -> Result<ShellCheckChoice, Failure> {
    if let Some(choice) = &arguments.shellcheck {
        return Ok(choice.clone());
    }
    let Some(configured) = file.shellcheck.as_deref() else { return Ok(ShellCheckChoice::Auto) };
    ShellCheckChoice::configured(configured, &absolute(beside)).map_err(|why| {
        Failure::input(format!("cannot use `shellcheck` of `{}`", path.display()))
            .because(why)
            .hint("write `auto` or `off`, or pass `--shellcheck PATH`")
    })
}

/// True for one name twice, and for a rule's name and one of its aliases.
fn means_the_same(one: &str, other: &str) -> bool {
    let is_named = |rule: &Rule| {
        let is = |name: &str| rule.name.eq_ignore_ascii_case(name);
        (is(one) || is(other)) && rule.is_called(other)
    };
    one.eq_ignore_ascii_case(other) || rules::find(one).any(is_named)
}

/// A name that no rule has is the fault of whoever wrote it.
fn linter(configuration: Configuration, path: &Path) -> Result<Linter, Failure> {
    Linter::new(configuration).map_err(|error: ConfigurationError| {
        let mut failure = Failure::input(error.to_string());
        failure.hint = error.hint();
        if !path.as_os_str().is_empty() {
            failure = failure.because(format!("`{}` or an option names it", path.display()));
        }
        failure
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("cannot read the configuration `{}`", path.display())).because(error)
}

fn wrong(path: &Path, error: FileError) -> Failure {
    let line = if error.line > 0 { format!(", line {}", error.line) } else { String::new() };
    let mut failure = Failure::input(format!("cannot use `{}`{line}", path.display())).because(&error);
    failure.hint = error.hint;
    failure
}

fn preset(choice: PresetChoice) -> Preset {
    match choice {
        PresetChoice::Recommended => Preset::Recommended,
        PresetChoice::All => Preset::All,
        PresetChoice::Hadolint => Preset::Hadolint,
        PresetChoice::Buildkit => Preset::Buildkit,
    }
}

/// The threshold that an option names.
pub fn threshold(choice: ThresholdChoice) -> Threshold {
    match choice {
        ThresholdChoice::Error => Threshold::At(Severity::Error),
        ThresholdChoice::Warning => Threshold::At(Severity::Warning),
        ThresholdChoice::Info => Threshold::At(Severity::Info),
        ThresholdChoice::Style => Threshold::At(Severity::Style),
        ThresholdChoice::Never => Threshold::Never,
    }
}

/// The format of a choice.
pub fn format(choice: FindingFormat) -> Format {
    match choice {
        FindingFormat::Text => Format::Text,
        FindingFormat::Json => Format::Json,
        FindingFormat::Sarif => Format::Sarif,
        FindingFormat::Github => Format::Github,
        FindingFormat::Gitlab => Format::Gitlab,
        FindingFormat::Codeclimate => Format::Codeclimate,
        FindingFormat::Checkstyle => Format::Checkstyle,
        FindingFormat::Junit => Format::Junit,
        FindingFormat::Gnu => Format::Gnu,
        FindingFormat::Sonarqube => Format::Sonarqube,
        FindingFormat::Markdown => Format::Markdown,
    }
}

//! Which files of a project tell its dependencies, best first.

use super::declared::PYPROJECT;
use super::error::PypiError;
use super::ini::parse_ini;
use super::locks::parse_toml;
use super::project::ProjectDir;

/// A file that tells the dependencies of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependencySource {
    /// Its format; the order is the order of preference.
    pub kind: SourceKind,
    /// The file, relative to the project.
    pub file: String,
}

/// The formats that are understood, best first: locks before wishes, precise before vague.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// `uv.lock`.
    UvLock,
    /// `pylock.toml` or `pylock.NAME.toml` (PEP 751).
    Pylock,
    /// `poetry.lock`.
    PoetryLock,
    /// `pdm.lock`.
    PdmLock,
    /// `Pipfile.lock`.
    PipfileLock,
    /// A requirements file of pip.
    Requirements,
    /// `pyproject.toml` with `[project]`, `[dependency-groups]` or Poetry's table.
    Pyproject,
    /// `Pipfile`.
    Pipfile,
    /// `setup.cfg` with `[options]`.
    SetupCfg,
}

/// The sources of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The one to use; `None` for a project without dependencies.
    pub chosen: Option<DependencySource>,
    /// The others, best first: what was seen and not used.
    pub others: Vec<DependencySource>,
}

/// Looks for sources directly inside `project`.
///
/// # Errors
/// A directory or file that cannot be read.
pub fn find_sources(project: &ProjectDir) -> Result<Sources, PypiError> {
    let mut found = Vec::new();
    for name in project.names()? {
        let Some(kind) = SourceKind::of(&name) else { continue };
        if project.has(&name) && declares(project, &name, kind)? {
            found.push(DependencySource { kind, file: name });
        }
    }
    // `pylock.toml` before `pylock.NAME.toml`.
    found.sort_by(|a, b| (a.kind, a.file.len(), &a.file).cmp(&(b.kind, b.file.len(), &b.file)));
    let mut found = found.into_iter();
    Ok(Sources { chosen: found.next(), others: found.collect() })
}

impl SourceKind {
    /// The format of a file by its name; any `.txt` or `.in` file that was named explicitly is one of requirements.
    pub fn of(file: &str) -> Option<Self> {
        let name = file.rsplit('/').next().unwrap_or(file);
        match name {
            "uv.lock" => return Some(Self::UvLock),
            "pylock.toml" => return Some(Self::Pylock),
            "poetry.lock" => return Some(Self::PoetryLock),
            "pdm.lock" => return Some(Self::PdmLock),
            "Pipfile.lock" => return Some(Self::PipfileLock),
            "requirements.txt" => return Some(Self::Requirements),
            PYPROJECT => return Some(Self::Pyproject),
            "Pipfile" => return Some(Self::Pipfile),
            "setup.cfg" => return Some(Self::SetupCfg),
            _ => {}
        }
        let middle = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"))?;
        (!middle.is_empty() && !middle.contains('.')).then_some(Self::Pylock)
    }

    /// True when no resolver is needed.
    pub fn is_lock(self) -> bool {
        matches!(self, Self::UvLock | Self::Pylock | Self::PoetryLock | Self::PdmLock | Self::PipfileLock)
    }
}

impl DependencySource {
    /// The source that somebody named: known formats by name, anything else as a requirements file.
    pub fn named(file: &str) -> Self {
        let kind = SourceKind::of(file).unwrap_or(SourceKind::Requirements);
        Self { kind, file: file.to_owned() }
    }
}

/// Many a `pyproject.toml` or `setup.cfg` only configures tools.
fn declares(project: &ProjectDir, file: &str, kind: SourceKind) -> Result<bool, PypiError> {
    match kind {
        SourceKind::Pyproject => {
            let document: toml::Table = parse_toml(file, &project.require(file)?)?;
            let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
            Ok(document.contains_key("project")
                || document.contains_key("dependency-groups")
                || poetry.is_some())
        }
        SourceKind::SetupCfg => Ok(parse_ini(&project.require(file)?).contains_key("options")),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(files: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let sources = find_sources(&ProjectDir::new(directory.path())).unwrap();
        (
            sources.chosen.map(|source| source.file),
            sources.others.into_iter().map(|source| source.file).collect(),
        )
    }

    #[test]
    fn prefers_locks_to_wishes_and_keeps_what_else_it_saw() {
        let all = [
            "setup.cfg",
            "Pipfile",
            "pyproject.toml",
            "requirements.txt",
            "Pipfile.lock",
            "pdm.lock",
            "poetry.lock",
            "pylock.prod.toml",
            "pylock.toml",
            "uv.lock",
        ];
        let text = |name: &str| match name {
            "setup.cfg" => "[options]\n",
            "pyproject.toml" => "[tool.poetry]\n",
            _ => "",
        };
        let files: Vec<(&str, &str)> = all.iter().map(|name| (*name, text(name))).collect();
        let (chosen, others) = find(&files);
        assert_eq!(chosen.as_deref(), Some("uv.lock"));
        assert_eq!(others.iter().rev().map(String::as_str).collect::<Vec<_>>(), all[..9]);
    }

    #[test]
    fn passes_over_files_that_only_configure_tools() {
        let files = [
            ("pyproject.toml", "[tool.ruff]\n"),
            ("setup.cfg", "[flake8]\n"),
            ("requirements-dev.txt", ""),
            ("pylock.a.b.toml", ""),
        ];
        assert_eq!(find(&files), (None, Vec::new()));
    }

    #[test]
    fn takes_any_named_file() {
        assert_eq!(DependencySource::named("requirements/prod.txt").kind, SourceKind::Requirements);
        assert_eq!(DependencySource::named("deploy/pylock.prod.toml").kind, SourceKind::Pylock);
    }
}

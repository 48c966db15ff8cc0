//! Which Python a project wants, and which of those on offer that is.
//!
//! Nothing here knows Debian: releases are offered as interpreter versions, and the choice is one of them.

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use toml::Value;

use super::declared::{PYPROJECT, parse_constraint};
use super::error::{Place, PypiError};
use super::ini::parse_ini;
use super::locks::{line_with, parse_toml};
use super::project::ProjectDir;
use super::sources::{DependencySource, SourceKind};
use super::target::PythonVersion;

/// What one file of a project says about Python versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonWish {
    /// Where it says so.
    pub place: Place,
    /// Its words.
    pub said: String,
    /// Sets of versions, one of which must hold.
    pub sets: Vec<VersionSpecifiers>,
    /// How binding it is.
    pub strength: Strength,
}

/// How binding a wish is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// The project says it does not run on anything else.
    Requirement,
    /// What its developers work with; only the feature release counts.
    Preference,
}

/// The interpreter that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonChoice {
    /// Which one.
    pub version: PythonVersion,
    /// The wish that decided, when it was not simply the first on offer.
    pub because: Option<PythonWish>,
    /// A wish that could not be honoured, or was overruled.
    pub unmet: Option<PythonWish>,
}

/// Every wish of `project`, whose dependencies come from `source`.
///
/// # Errors
/// Files that cannot be read or understood, and interpreters other than CPython.
pub fn python_wishes(
    project: &ProjectDir,
    source: Option<&DependencySource>,
) -> Result<Vec<PythonWish>, PypiError> {
    let mut wishes = Vec::new();
    if let Some(source) = source {
        wishes.extend(of_source(project, source)?);
    }
    if source.is_none_or(|source| source.kind != SourceKind::Pyproject)
        && let Some(text) = project.read(PYPROJECT)?
    {
        wishes.extend(of_pyproject(&text)?);
    }
    for file in [".python-version", "runtime.txt"] {
        if let Some(text) = project.read(file)? {
            wishes.extend(of_version_file(file, &text)?);
        }
    }
    Ok(wishes)
}

/// The first of `offered` (best first) that meets every requirement, and the preference if one of them does.
///
/// `configured` is what bareboat itself was told, such as `3.11`; it stands above all wishes.
///
/// # Errors
/// [`PypiError::NoRelease`] with what there is, when nothing on offer will do.
pub fn choose_python(
    wishes: &[PythonWish],
    offered: &[PythonVersion],
    configured: Option<&str>,
) -> Result<PythonChoice, PypiError> {
    let configured = configured
        .map(|text| of_feature_release(Place::file("the configuration"), text, Strength::Requirement));
    let configured = configured.transpose()?;
    let of = |strength| wishes.iter().filter(move |wish| wish.strength == strength);
    let required: Vec<&PythonWish> = match &configured {
        Some(configured) => vec![configured],
        None => of(Strength::Requirement).collect(),
    };
    let possible: Vec<&PythonVersion> =
        offered.iter().filter(|version| required.iter().all(|wish| wish.accepts(version))).collect();
    let fitting = |wish: &&PythonWish| possible.iter().any(|version| wish.accepts(version));
    let preference = of(Strength::Preference).next().filter(|_| configured.is_none());
    let no_release = |wanted: String| PypiError::NoRelease { wanted, offered: listed(offered) };
    let Some(first) = possible.first() else {
        let broken = required.iter().find(|wish| !offered.iter().any(|version| wish.accepts(version)));
        let all: Vec<String> =
            broken.map_or(required.clone(), |wish| vec![wish]).iter().map(|wish| wish.shown()).collect();
        return Err(no_release(all.join(" together with ")));
    };
    if let Some(wish) = preference {
        if fitting(&wish) {
            let chosen = possible.iter().find(|version| wish.accepts(version)).unwrap_or(first);
            return Ok(PythonChoice { version: **chosen, because: Some(wish.clone()), unmet: None });
        }
        // Without a stated range nobody says that another feature release will do.
        if required.is_empty() {
            return Err(no_release(wish.shown()));
        }
    }
    let excluded = offered.first().and_then(|best| required.iter().find(|wish| !wish.accepts(best)));
    // What bareboat itself was told stands above what the project says for everybody.
    let overruled = of(Strength::Requirement).find(|wish| !wish.accepts(first));
    Ok(PythonChoice {
        version: **first,
        because: excluded.map(|wish| (*wish).clone()),
        unmet: overruled.or(preference).cloned(),
    })
}

impl PythonWish {
    /// True when `version` is one of those it is for.
    pub fn accepts(&self, version: &PythonVersion) -> bool {
        let version = version.to_pep440();
        self.sets.is_empty() || self.sets.iter().any(|set| set.contains(&version))
    }

    /// Its words and their place, for people.
    pub fn shown(&self) -> String {
        format!("`{}` in {}", self.said, self.place)
    }
}

fn listed(offered: &[PythonVersion]) -> String {
    let names: Vec<String> = offered.iter().map(|version| format!("Python {}", version.short())).collect();
    match names.split_last() {
        Some((last, head)) if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => names.join(""),
    }
}

fn of_source(project: &ProjectDir, source: &DependencySource) -> Result<Option<PythonWish>, PypiError> {
    let file = source.file.as_str();
    let text = || project.require(file);
    let at = |key: &[&str], text: &str| -> Result<Option<PythonWish>, PypiError> {
        let document: Value = parse_toml(file, text)?;
        let value = key.iter().try_fold(&document, |value, key| value.get(key)).and_then(Value::as_str);
        value.map(|said| range(file, text, said)).transpose()
    };
    match source.kind {
        SourceKind::UvLock | SourceKind::Pylock => at(&["requires-python"], &text()?),
        SourceKind::PoetryLock => at(&["metadata", "python-versions"], &text()?),
        SourceKind::PdmLock => of_pdm_lock(file, &text()?),
        SourceKind::Pyproject => of_pyproject(&text()?),
        SourceKind::Pipfile => {
            let text = text()?;
            let document: Value = parse_toml(file, &text)?;
            let requires = document.get("requires");
            let said = ["python_full_version", "python_version"]
                .into_iter()
                .find_map(|key| requires?.get(key)?.as_str());
            said.map(|said| of_feature_release(place(file, &text, said), said, Strength::Requirement))
                .transpose()
        }
        SourceKind::PipfileLock => {
            let text = text()?;
            let document: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| PypiError::syntax(Place::line(file, error.line()), error))?;
            let requires = document.get("_meta").and_then(|meta| meta.get("requires"));
            let said = ["python_full_version", "python_version"]
                .into_iter()
                .find_map(|key| requires?.get(key)?.as_str());
            said.map(|said| of_feature_release(place(file, &text, said), said, Strength::Requirement))
                .transpose()
        }
        SourceKind::SetupCfg => {
            let text = text()?;
            let ini = parse_ini(&text);
            let line = ini.get("options").and_then(|options| options.get("python-requires")?.first());
            line.map(|line| range(file, &text, &line.text)).transpose()
        }
        SourceKind::Requirements => Ok(None),
    }
}

fn of_pdm_lock(file: &str, text: &str) -> Result<Option<PythonWish>, PypiError> {
    let document: Value = parse_toml(file, text)?;
    let targets = document.get("metadata").and_then(|metadata| metadata.get("targets")?.as_array());
    let said: Vec<&str> =
        targets.into_iter().flatten().filter_map(|target| target.get("requires_python")?.as_str()).collect();
    if said.is_empty() {
        return Ok(None);
    }
    range(file, text, &said.join(" || ")).map(Some)
}

fn of_pyproject(text: &str) -> Result<Option<PythonWish>, PypiError> {
    let document: Value = parse_toml(PYPROJECT, text)?;
    let standard = document.get("project").and_then(|project| project.get("requires-python")?.as_str());
    let poetry = || document.get("tool")?.get("poetry")?.get("dependencies")?.get("python");
    let poetry = poetry().and_then(|python| python.as_str().or_else(|| python.get("version")?.as_str()));
    standard.or(poetry).map(|said| range(PYPROJECT, text, said)).transpose()
}

/// Poetry's constraints are a superset of what PEP 440 writes.
fn range(file: &str, text: &str, said: &str) -> Result<PythonWish, PypiError> {
    let place = place(file, text, said);
    let sets = match VersionSpecifiers::from_str(said) {
        Ok(set) => vec![set],
        Err(_) => parse_constraint(said).map_err(|why| PypiError::syntax(place.clone(), why))?,
    };
    Ok(PythonWish { place, said: said.to_owned(), sets, strength: Strength::Requirement })
}

/// The first version of `.python-version`, or Heroku's `runtime.txt`.
fn of_version_file(file: &str, text: &str) -> Result<Option<PythonWish>, PypiError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let first = lines.into_iter().find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    first
        .map(|(number, line)| of_feature_release(Place::line(file, number), line, Strength::Preference))
        .transpose()
}

/// `3.12`, `3.12.4`, `python-3.12.4`, `cpython@3.12`: what counts is 3.12.
fn of_feature_release(place: Place, said: &str, strength: Strength) -> Result<PythonWish, PypiError> {
    let version = said.trim();
    let version = ["cpython@", "cpython-", "cpython", "python-", "python@", "python"]
        .into_iter()
        .find_map(|prefix| version.strip_prefix(prefix))
        .unwrap_or(version);
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next(), numbers.next());
    let unknown = || PypiError::Unsupported {
        place: place.clone(),
        what: format!("`{said}` is not a version of CPython"),
        instead: "name a version such as `3.13`".to_owned(),
    };
    let text = match (major, minor) {
        (Some(major), Some(minor)) => format!("=={major}.{minor}.*"),
        (Some(major), None) => format!("=={major}.*"),
        _ => return Err(unknown()),
    };
    let set = VersionSpecifiers::from_str(&text).map_err(|_| unknown())?;
    Ok(PythonWish { place, said: said.to_owned(), sets: vec![set], strength })
}

fn place(file: &str, text: &str, needle: &str) -> Place {
    Place { file: file.to_owned(), line: line_with(text, needle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [PythonVersion; 2] = [PythonVersion::new(3, 13, 5), PythonVersion::new(3, 11, 2)];

    fn choose(files: &[(&str, &str)], configured: Option<&str>) -> Result<PythonChoice, PypiError> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let project = ProjectDir::new(directory.path());
        let source = super::super::find_sources(&project)?.chosen;
        choose_python(&python_wishes(&project, source.as_ref())?, &OFFERED, configured)
    }

    fn minor(files: &[(&str, &str)]) -> u32 {
        choose(files, None).unwrap_or_else(|error| panic!("{files:?}: {error}")).version.minor
    }

    #[test]
    fn reads_the_wish_of_every_format() {
        for (file, text, expected) in [
            ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.10\"\n", 13),
            ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.10,<3.13\"\n", 11),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"~3.11\"\n", 11),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = { version = \"^3.8 || ^4.0\" }\n", 13),
            ("uv.lock", "version = 1\nrequires-python = \"<3.12\"\n", 11),
            ("pylock.toml", "lock-version = \"1.0\"\nrequires-python = \"==3.11.*\"\n", 11),
            ("poetry.lock", "[metadata]\npython-versions = \">=3.11,<3.12\"\n", 11),
            ("pdm.lock", "[metadata]\n[[metadata.targets]]\nrequires_python = \"==3.11.*\"\n", 11),
            ("Pipfile.lock", "{\"_meta\": {\"requires\": {\"python_version\": \"3.11\"}}}", 11),
            ("Pipfile", "[requires]\npython_version = \"3.11\"\n", 11),
            ("setup.cfg", "[options]\npython_requires = <3.12\n", 11),
            (".python-version", "# dev\n3.11.9\n", 11),
            ("runtime.txt", "python-3.11.4\n", 11),
            ("requirements.txt", "flask\n", 13),
        ] {
            assert_eq!(minor(&[(file, text)]), expected, "{file} {text}");
        }
    }

    #[test]
    fn a_requirement_beats_a_preference_and_a_preference_decides_within() {
        let project = "[project]\nname = \"x\"\nrequires-python = \">=3.10\"\n";
        let choice = choose(&[("pyproject.toml", project), (".python-version", "3.11")], None).unwrap();
        assert_eq!(
            (choice.version.minor, choice.because.unwrap().place.file.as_str()),
            (11, ".python-version")
        );
        let choice = choose(&[("pyproject.toml", project), (".python-version", "3.12")], None).unwrap();
        assert_eq!(
            (choice.version.minor, choice.unmet.unwrap().shown().as_str()),
            (13, "`3.12` in .python-version:1")
        );
        assert_eq!(choose(&[(".python-version", "3.11")], Some("3.13")).unwrap().version.minor, 13);
        let choice = choose(&[("Pipfile", "[requires]\npython_version = \"3.12\"\n")], Some("3.13")).unwrap();
        assert_eq!(
            (choice.version.minor, choice.unmet.unwrap().shown().as_str()),
            (13, "`3.12` in Pipfile:2")
        );
    }

    #[test]
    fn names_what_there_is_when_nothing_fits() {
        let error =
            choose(&[("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.14\"\n")], None)
                .unwrap_err();
        assert_eq!(error.to_string(), "no release has a Python that fits `>=3.14` in pyproject.toml:3");
        assert_eq!(
            error.hint().as_deref(),
            Some(
                "there is Python 3.13 and Python 3.11: widen what the project asks for, or choose with `python` in `bareboat.toml`"
            )
        );
        assert!(choose(&[(".python-version", "3.12")], None).is_err());
        assert!(
            choose(&[(".python-version", "pypy3.10")], None)
                .unwrap_err()
                .to_string()
                .contains("not a version of CPython")
        );
        let both = [
            ("uv.lock", "version = 1\nrequires-python = \">=3.13\"\n"),
            ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \"<3.12\"\n"),
        ];
        assert!(
            choose(&both, None)
                .unwrap_err()
                .to_string()
                .contains("`>=3.13` in uv.lock:2 together with `<3.12`")
        );
        assert!(choose(&[], Some("3.12")).unwrap_err().to_string().contains("`3.12` in the configuration"));
    }
}

//! `[options]` of a `setup.cfg`, as setuptools reads it.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use super::{Declared, Dependency};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::ini::{IniLine, parse_ini};
use crate::pypi::name::DistributionName;
use crate::pypi::project::ProjectDir;
use crate::pypi::requirement::Requirement;
use crate::pypi::requirements_txt::{EntryKind, RequirementsFile};

/// Reads the text of a `setup.cfg`; `None` when it declares nothing.
pub(super) fn read(project: &ProjectDir, text: &str) -> Result<Option<Declared>, PypiError> {
    let ini = parse_ini(text);
    let Some(options) = ini.get("options") else { return Ok(None) };
    let field = |key: &str| ini.get("metadata").and_then(|section| section.get(key)?.first());
    let mut declared = Declared {
        file: FILE.to_owned(),
        name: field("name").and_then(|line| DistributionName::new(&line.text).ok()),
        version: field("version").and_then(|line| Version::from_str(&line.text).ok()),
        is_package: true,
        ..Declared::default()
    };
    if let Some(line) = options.get("python-requires").and_then(|lines| lines.first()) {
        let set = VersionSpecifiers::from_str(&line.text);
        declared
            .requires_python
            .push(set.map_err(|error| PypiError::syntax(Place::line(FILE, line.number), error))?);
    }
    if let Some(lines) = options.get("install-requires") {
        declared.dependencies = dependencies(project, lines)?;
    }
    for (extra, lines) in ini.get("options.extras_require").into_iter().flatten() {
        if let Ok(extra) = DistributionName::new(extra) {
            declared.extras.insert(extra, dependencies(project, lines)?);
        }
    }
    Ok(Some(declared))
}

fn dependencies(project: &ProjectDir, lines: &[IniLine]) -> Result<Vec<Dependency>, PypiError> {
    let mut dependencies = Vec::new();
    for line in lines {
        let place = Place::line(FILE, line.number);
        if let Some(files) = line.text.strip_prefix("file:") {
            for file in files.split(',').map(str::trim) {
                dependencies.extend(from_file(project, file)?);
            }
            continue;
        }
        // A comment behind a requirement is none to setuptools, but people write it; `;` begins a marker.
        let text = line.text.split(" #").next().unwrap_or_default().trim_end();
        let requirement: Requirement = text.parse().map_err(|error| PypiError::syntax(place, error))?;
        dependencies.push(requirement.into());
    }
    Ok(dependencies)
}

fn from_file(project: &ProjectDir, file: &str) -> Result<Vec<Dependency>, PypiError> {
    let read = RequirementsFile::read(project, file, &BTreeMap::new())?;
    let entries = read.entries.into_iter().filter_map(|entry| match entry.wanted {
        EntryKind::Named(requirement) => Some(requirement.into()),
        EntryKind::Directory { .. } => None,
    });
    Ok(entries.collect())
}

const FILE: &str = "setup.cfg";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requirements_extras_and_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("more.txt"), "click\n").unwrap();
        let project = ProjectDir::new(directory.path());
        let text = "[metadata]\nname = My_App\nversion = attr: app.__version__\n[options]\npython_requires = >=3.9\ninstall_requires =\n    flask>=2 # web\n    tomli; python_version < '3.11'\n    file: more.txt\n[options.extras_require]\npg = psycopg\n";
        let declared = read(&project, text).unwrap().unwrap();
        let shown: Vec<String> =
            declared.dependencies.iter().map(|one| one.requirement.to_string()).collect();
        assert_eq!(shown, ["flask>=2", "tomli ; python_version < \"3.11\"", "click"]);
        assert_eq!(declared.extras.len(), 1);
        assert_eq!((declared.name.unwrap().as_str(), declared.version), ("my-app", None));
        let error = read(&project, "[options]\ninstall_requires =\n  a b\n").unwrap_err();
        assert!(error.to_string().starts_with("`setup.cfg:3`"), "{error}");
        assert!(read(&project, "[flake8]\n").unwrap().is_none());
    }
}

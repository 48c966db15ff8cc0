//! `[tool.poetry]` of a `pyproject.toml`.
//!
//! Follows Poetry's documentation. Constraints that PEP 508 cannot say (`python = "^3.8"` of one dependency, several
//! tables for one name) are decided for the target, so what comes out holds for it alone.

use std::collections::BTreeMap;

use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;

use super::poetry_versions::parse_constraint;
use super::{Declared, Dependency, PYPROJECT};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::locks::{line_with, parse_toml};
use crate::pypi::name::DistributionName;
use crate::pypi::pin::Origin;
use crate::pypi::requirement::{Marker, MarkerEnvironment, Requirement, Wanted};

/// Reads Poetry's table; `None` when there is none or it only configures the build of a `[project]`.
pub(super) fn read(text: &str, environment: &MarkerEnvironment) -> Result<Option<Declared>, PypiError> {
    let document: Document = parse_toml(PYPROJECT, text)?;
    let Some(poetry) = document.tool.poetry else { return Ok(None) };
    let reader = Reader { text, environment };
    let mut declared = Declared {
        file: PYPROJECT.to_owned(),
        name: poetry.name,
        version: poetry.version.as_deref().and_then(|version| version.parse::<Version>().ok()),
        is_package: poetry.package_mode.unwrap_or(true),
        ..Declared::default()
    };
    let mut optional: BTreeMap<DistributionName, Vec<Dependency>> = BTreeMap::new();
    for (name, table) in &poetry.dependencies {
        if name.as_str() == "python" {
            declared.requires_python = reader.python(table)?;
            continue;
        }
        for (dependency, is_optional) in reader.dependencies(name, table)? {
            match is_optional {
                true => optional.entry(name.clone()).or_default().push(dependency),
                false => declared.dependencies.push(dependency),
            }
        }
    }
    for (extra, names) in &poetry.extras {
        let of_extra = names.iter().filter_map(|name| optional.get(name)).flatten().cloned();
        declared.extras.insert(extra.clone(), of_extra.collect());
    }
    for (group, table) in &poetry.group {
        let mut of_group = Vec::new();
        for (name, table) in &table.dependencies {
            of_group.extend(reader.dependencies(name, table)?.into_iter().map(|(dependency, _)| dependency));
        }
        declared.groups.insert(group.clone(), of_group);
    }
    let has_own = |source: &&Source| source.priority.as_deref().is_none_or(|priority| priority != "explicit");
    declared.options.extra_index_urls =
        poetry.source.iter().filter(has_own).map(|source| source.url.clone()).collect();
    Ok(Some(declared))
}

struct Reader<'a> {
    text: &'a str,
    environment: &'a MarkerEnvironment,
}

impl Reader<'_> {
    fn wrong(&self, needle: &str, why: impl std::fmt::Display) -> PypiError {
        let line = line_with(self.text, needle);
        PypiError::syntax(Place { file: PYPROJECT.to_owned(), line }, why)
    }

    fn python(&self, table: &OneOrMany) -> Result<Vec<VersionSpecifiers>, PypiError> {
        let text = match table {
            OneOrMany::Version(text) => text,
            OneOrMany::One(table) => table.version.as_deref().unwrap_or("*"),
            OneOrMany::Many(_) => "*",
        };
        parse_constraint(text).map_err(|why| self.wrong("python", why))
    }

    /// Those of the tables for `name` that apply, each with whether it is optional.
    fn dependencies(
        &self,
        name: &DistributionName,
        table: &OneOrMany,
    ) -> Result<Vec<(Dependency, bool)>, PypiError> {
        let tables = match table {
            OneOrMany::Version(version) => {
                vec![Table { version: Some(version.clone()), ..Table::default() }]
            }
            OneOrMany::One(table) => vec![(**table).clone()],
            OneOrMany::Many(tables) => tables.clone(),
        };
        let mut dependencies = Vec::new();
        for table in &tables {
            if self.applies(name, table)? {
                dependencies.push((self.dependency(name, table)?, table.optional));
            }
        }
        Ok(dependencies)
    }

    fn applies(&self, name: &DistributionName, table: &Table) -> Result<bool, PypiError> {
        let python = match &table.python {
            Some(text) => {
                let sets = parse_constraint(text).map_err(|why| self.wrong(name.as_str(), why))?;
                let version = self.environment.target().python.to_pep440();
                sets.iter().any(|set| set.contains(&version))
            }
            None => true,
        };
        let platform = table.platform.as_deref().is_none_or(|platform| platform == "linux");
        let marker = match &table.markers {
            Some(text) => {
                let marker: Marker = text.parse().map_err(|error| self.wrong(text, error))?;
                marker.evaluate(self.environment)
            }
            None => true,
        };
        Ok(python && platform && marker)
    }

    fn dependency(&self, name: &DistributionName, table: &Table) -> Result<Dependency, PypiError> {
        let (wanted, origin) = self.wanted(name, table)?;
        let requirement = Requirement {
            name: name.clone(),
            extras: table.extras.iter().cloned().collect(),
            wanted,
            marker: None,
        };
        Ok(Dependency { requirement, origin })
    }

    fn wanted(&self, name: &DistributionName, table: &Table) -> Result<(Wanted, Option<Origin>), PypiError> {
        let any = || Wanted::Versions(VersionSpecifiers::empty());
        if let Some(url) = table.git.as_ref() {
            let commit = [&table.rev, &table.tag, &table.branch].into_iter().flatten().next();
            let origin = Origin::Git {
                url: url.clone(),
                commit: commit.cloned().unwrap_or_else(|| "HEAD".to_owned()),
                subdirectory: table.subdirectory.clone(),
            };
            return Ok((any(), Some(origin)));
        }
        if let Some(url) = &table.url {
            return Ok((Wanted::Url(url.clone()), None));
        }
        if let Some(path) = table.path.as_ref().or(table.file.as_ref()) {
            let is_file = path.ends_with(".whl") || crate::pypi::SdistName::is_sdist(path);
            return Ok(match is_file {
                true => (Wanted::Url(path.clone()), None),
                false => (any(), Some(Origin::Directory { path: path.clone(), editable: table.develop })),
            });
        }
        let text = table.version.as_deref().unwrap_or("*");
        let sets = parse_constraint(text).map_err(|why| self.wrong(name.as_str(), why))?;
        match <[VersionSpecifiers; 1]>::try_from(sets) {
            Ok([set]) => Ok((Wanted::Versions(set), None)),
            Err(_) => Err(PypiError::Unsupported {
                place: Place { file: PYPROJECT.to_owned(), line: line_with(self.text, text) },
                what: format!("`{name} = \"{text}\"` has alternatives, which no requirement can express"),
                instead: "lock the project with `poetry lock`".to_owned(),
            }),
        }
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
struct Tool {
    poetry: Option<Poetry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Poetry {
    name: Option<DistributionName>,
    version: Option<String>,
    package_mode: Option<bool>,
    #[serde(default)]
    dependencies: BTreeMap<DistributionName, OneOrMany>,
    #[serde(default)]
    extras: BTreeMap<DistributionName, Vec<DistributionName>>,
    #[serde(default)]
    group: BTreeMap<DistributionName, Group>,
    #[serde(default)]
    source: Vec<Source>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    dependencies: BTreeMap<DistributionName, OneOrMany>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    url: String,
    priority: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Version(String),
    One(Box<Table>),
    Many(Vec<Table>),
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Table {
    version: Option<String>,
    extras: Vec<DistributionName>,
    optional: bool,
    python: Option<String>,
    platform: Option<String>,
    markers: Option<String>,
    git: Option<String>,
    rev: Option<String>,
    tag: Option<String>,
    branch: Option<String>,
    subdirectory: Option<String>,
    url: Option<String>,
    path: Option<String>,
    file: Option<String>,
    develop: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::target::{PythonVersion, Target};

    fn environment() -> MarkerEnvironment {
        MarkerEnvironment::new(&Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64))
    }

    fn wanted(text: &str, environment: &MarkerEnvironment) -> Vec<String> {
        let declared = read(text, environment).unwrap().unwrap();
        let show = |dependency: &&Dependency| match &dependency.origin {
            Some(origin) => format!("{} {origin:?}", dependency.requirement),
            None => dependency.requirement.to_string(),
        };
        declared.wanted(environment).iter().map(show).collect()
    }

    const TEXT: &str = r#"
[tool.poetry]
name = "app"
version = "1.0"
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3.0"
numpy = [{ version = "<2", python = "<3.13" }, { version = ">=2", python = ">=3.13" }]
pywin32 = { version = "*", platform = "win32" }
local = { path = "../local", develop = true }
forked = { git = "https://git.test/x.git", tag = "v1" }
wheel = { path = "dist/wheel-1-py3-none-any.whl" }
uvicorn = { version = "*", extras = ["standard"], markers = "os_name == 'posix'" }
rich = { version = ">=13", optional = true }
[tool.poetry.extras]
tui = ["rich"]
[tool.poetry.group.prod.dependencies]
gunicorn = "22.*"
[[tool.poetry.source]]
name = "corp"
url = "https://corp.test/simple"
"#;

    #[test]
    fn decides_for_the_target() {
        let mut environment = environment();
        let plain = wanted(TEXT, &environment);
        assert_eq!(
            plain,
            [
                "flask>=3.0,<4",
                "forked Git { url: \"https://git.test/x.git\", commit: \"v1\", subdirectory: None }",
                "local Directory { path: \"../local\", editable: true }",
                "numpy>=2",
                "uvicorn[standard]",
                "wheel @ dist/wheel-1-py3-none-any.whl",
            ]
        );
        environment.extras.insert(DistributionName::new("tui").unwrap());
        environment.groups.insert(DistributionName::new("prod").unwrap());
        assert_eq!(wanted(TEXT, &environment)[6..], ["rich>=13", "gunicorn==22.*"]);
        let declared = read(TEXT, &environment).unwrap().unwrap();
        assert!(declared.is_package && declared.accepts_python(&Version::new([3, 13, 5])));
        assert_eq!(declared.options.extra_index_urls, ["https://corp.test/simple"]);
    }

    #[test]
    fn says_what_cannot_be_expressed() {
        let error = read("[tool.poetry.dependencies]\na = \"^1 || ^3\"\n", &environment()).unwrap_err();
        assert!(
            error.to_string().starts_with("`pyproject.toml:2`: `a = \"^1 || ^3\"` has alternatives"),
            "{error}"
        );
        assert!(
            read("[tool.poetry.dependencies]\na = \"^x\"\n", &environment())
                .unwrap_err()
                .to_string()
                .contains("pyproject.toml:")
        );
    }
}

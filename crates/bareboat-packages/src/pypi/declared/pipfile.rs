//! `Pipfile`: the wishes of pipenv.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use serde::Deserialize;

use super::{Declared, Dependency};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::locks::{line_with, parse_toml};
use crate::pypi::name::DistributionName;
use crate::pypi::pin::Origin;
use crate::pypi::requirement::{Marker, MarkerEnvironment, Requirement, Wanted};

/// Reads `[packages]` of the `Pipfile` in `text`; other categories become groups.
pub(in crate::pypi) fn read(text: &str, environment: &MarkerEnvironment) -> Result<Declared, PypiError> {
    let pipfile: Pipfile = parse_toml(FILE, text)?;
    let reader = Reader { text, environment };
    let mut declared = Declared { file: FILE.to_owned(), ..Declared::default() };
    if let Some(version) =
        pipfile.requires.python_full_version.as_ref().or(pipfile.requires.python_version.as_ref())
    {
        let star = if version.split('.').count() < 3 { ".*" } else { "" };
        let set = VersionSpecifiers::from_str(&format!("=={version}{star}"));
        declared.requires_python.push(set.map_err(|error| reader.wrong(version, error))?);
    }
    declared.dependencies = reader.category(&pipfile.packages)?;
    for (category, table) in &pipfile.others {
        if let (Ok(group), Ok(packages)) =
            (DistributionName::new(category), Category::deserialize(table.clone()))
        {
            declared.groups.insert(group, reader.category(&packages)?);
        }
    }
    let mut urls = pipfile.source.into_iter().map(|source| source.url);
    declared.options.index_url = urls.next();
    declared.options.extra_index_urls = urls.collect();
    Ok(declared)
}

struct Reader<'a> {
    text: &'a str,
    environment: &'a MarkerEnvironment,
}

impl Reader<'_> {
    fn wrong(&self, needle: &str, why: impl std::fmt::Display) -> PypiError {
        PypiError::syntax(Place { file: FILE.to_owned(), line: line_with(self.text, needle) }, why)
    }

    fn category(&self, packages: &Category) -> Result<Vec<Dependency>, PypiError> {
        let mut dependencies = Vec::new();
        for (name, entry) in packages {
            let entry = match entry {
                Entry::Version(version) => Table { version: Some(version.clone()), ..Table::default() },
                Entry::Table(table) => (**table).clone(),
            };
            if self.applies(&entry)? {
                dependencies.push(self.dependency(name, &entry)?);
            }
        }
        Ok(dependencies)
    }

    /// `markers`, and each marker variable as a key: `sys_platform = "== 'linux'"`.
    fn applies(&self, table: &Table) -> Result<bool, PypiError> {
        let keys = table.others.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_str()?)));
        for text in table.markers.clone().into_iter().chain(keys) {
            let marker = match text.parse::<Marker>() {
                Ok(marker) => marker,
                // Other keys of a table say nothing about when it applies.
                Err(_) if Some(&text) != table.markers.as_ref() => continue,
                Err(error) => return Err(self.wrong(&text, error)),
            };
            if !marker.evaluate(self.environment) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn dependency(&self, name: &DistributionName, table: &Table) -> Result<Dependency, PypiError> {
        let text = table.version.as_deref().filter(|text| text.trim() != "*").unwrap_or_default();
        let specifiers = VersionSpecifiers::from_str(text).map_err(|error| self.wrong(text, error))?;
        let mut wanted = Wanted::Versions(specifiers);
        let mut origin = None;
        let file = table.file.as_ref().or(table.url.as_ref());
        if let Some(url) = &table.git {
            let commit = table.reference.clone().unwrap_or_else(|| "HEAD".to_owned());
            origin = Some(Origin::Git { url: url.clone(), commit, subdirectory: table.subdirectory.clone() });
        } else if let Some(path) = &table.path {
            match path.ends_with(".whl") || crate::pypi::SdistName::is_sdist(path) {
                true => wanted = Wanted::Url(path.trim_start_matches("./").to_owned()),
                false => origin = Some(Origin::Directory { path: path.clone(), editable: table.editable }),
            }
        } else if let Some(file) = file {
            wanted = Wanted::Url(file.clone());
        }
        let extras = table.extras.iter().cloned().collect();
        Ok(Dependency {
            requirement: Requirement { name: name.clone(), extras, wanted, marker: None },
            origin,
        })
    }
}

type Category = BTreeMap<DistributionName, Entry>;

#[derive(Deserialize)]
struct Pipfile {
    #[serde(default)]
    source: Vec<Source>,
    #[serde(default)]
    packages: Category,
    #[serde(default)]
    requires: Requires,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Source {
    url: String,
}

#[derive(Deserialize, Default)]
struct Requires {
    python_version: Option<String>,
    python_full_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Version(String),
    Table(Box<Table>),
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Table {
    version: Option<String>,
    extras: Vec<DistributionName>,
    markers: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    subdirectory: Option<String>,
    path: Option<String>,
    file: Option<String>,
    url: Option<String>,
    editable: bool,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

pub(super) const FILE: &str = "Pipfile";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::target::{PythonVersion, Target};

    #[test]
    fn reads_packages_for_the_target() {
        let environment =
            MarkerEnvironment::new(&Target::new(PythonVersion::new(3, 11, 2), (2, 36), Architecture::Amd64));
        let text = r#"
[[source]]
url = "https://index.test/simple"
verify_ssl = true
name = "pypi"
[[source]]
url = "https://corp.test/simple"
name = "corp"
[packages]
flask = ">=3"
requests = { extras = ["socks"], version = "*", index = "corp" }
colorama = { version = "*", sys_platform = "== 'win32'" }
uvloop = { version = "*", markers = "sys_platform == 'linux'" }
util = { path = "./util", editable = true }
six = { file = "https://files.test/six-1-py3-none-any.whl" }
forked = { git = "https://git.test/x.git", ref = "main" }
[dev-packages]
pytest = "*"
[prod]
gunicorn = "*"
[requires]
python_version = "3.11"
"#;
        let declared = read(text, &environment).unwrap();
        let shown: Vec<String> =
            declared.dependencies.iter().map(|one| one.requirement.to_string()).collect();
        assert_eq!(
            shown,
            [
                "flask>=3",
                "forked",
                "requests[socks]",
                "six @ https://files.test/six-1-py3-none-any.whl",
                "util",
                "uvloop"
            ]
        );
        assert_eq!(
            declared.groups.keys().map(DistributionName::as_str).collect::<Vec<_>>(),
            ["dev-packages", "prod"]
        );
        assert_eq!(declared.options.index_url.as_deref(), Some("https://index.test/simple"));
        assert_eq!(declared.options.extra_index_urls, ["https://corp.test/simple"]);
        assert!(
            declared.accepts_python(&"3.11.9".parse().unwrap())
                && !declared.accepts_python(&"3.12".parse().unwrap())
        );
        let error = read("[packages]\na = \"1.0\"\n", &environment).unwrap_err();
        assert!(error.to_string().starts_with("`Pipfile:2`"), "{error}");
    }
}

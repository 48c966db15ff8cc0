//! `[project]` of a `pyproject.toml` (PEP 621), with dependency groups (PEP 735) and what setuptools and hatch read
//! from requirements files.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;

use super::groups::{GroupEntry, expand_groups};
use super::{Declared, Dependency, PYPROJECT};
use crate::pypi::error::{Place, PypiError};
use crate::pypi::locks::{line_with, parse_toml};
use crate::pypi::name::DistributionName;
use crate::pypi::project::ProjectDir;
use crate::pypi::requirement::Requirement;
use crate::pypi::requirements_txt::{EntryKind, RequirementsFile};

/// Reads `[project]` or `[dependency-groups]`; `None` when the document has neither.
pub(super) fn read(project: &ProjectDir, text: &str) -> Result<Option<Declared>, PypiError> {
    let document: Document = parse_toml(PYPROJECT, text)?;
    let reader = Reader { project, text };
    let uv = document.tool.uv.clone().unwrap_or_default();
    let groups = expand_groups(&document.dependency_groups, &|needle| reader.place(needle))?;
    let mut declared = Declared {
        file: PYPROJECT.to_owned(),
        groups,
        default_groups: Vec::new(),
        is_package: uv.package.unwrap_or(document.build_system.is_some()),
        has_uv_sources: !uv.sources.is_empty(),
        ..Declared::default()
    };
    let Some(table) = document.project else {
        return Ok((!document.dependency_groups.is_empty()).then_some(declared));
    };
    declared.name = Some(table.name);
    declared.version = table.version.as_deref().and_then(|version| Version::from_str(version).ok());
    if let Some(python) = &table.requires_python {
        let set =
            VersionSpecifiers::from_str(python).map_err(|error| reader.wrong("requires-python", error))?;
        declared.requires_python.push(set);
    }
    declared.dependencies = match table.dynamic.iter().any(|field| field == "dependencies") {
        true => reader.dynamic(document.tool.dependency_files(), "dependencies")?,
        false => reader.requirements(&table.dependencies)?,
    };
    for (extra, requirements) in &table.optional_dependencies {
        declared.extras.insert(extra.clone(), reader.requirements(requirements)?);
    }
    if table.dynamic.iter().any(|field| field == "optional-dependencies") {
        for (extra, files) in document.tool.extra_files() {
            declared.extras.insert(extra, reader.dynamic(Some(files), "optional-dependencies")?);
        }
    }
    Ok(Some(declared))
}

/// The groups that uv installs by default; `dev` unless the project says otherwise.
pub(in crate::pypi) fn uv_default_groups(project: &ProjectDir) -> Result<Vec<DistributionName>, PypiError> {
    let Some(text) = project.read(PYPROJECT)? else { return Ok(Vec::new()) };
    let document: Document = parse_toml(PYPROJECT, &text)?;
    let named = document.tool.uv.unwrap_or_default().default_groups;
    Ok(match named {
        DefaultGroups::Named(groups) => groups,
        // `"all"` means every group of the project.
        DefaultGroups::Word(_) => document.dependency_groups.into_keys().collect(),
    })
}

struct Reader<'a> {
    project: &'a ProjectDir,
    text: &'a str,
}

impl Reader<'_> {
    fn place(&self, needle: &str) -> Place {
        Place { file: PYPROJECT.to_owned(), line: line_with(self.text, needle) }
    }

    fn wrong(&self, needle: &str, why: impl std::fmt::Display) -> PypiError {
        PypiError::syntax(self.place(needle), why)
    }

    fn requirements(&self, texts: &[String]) -> Result<Vec<Dependency>, PypiError> {
        let parse = |text: &String| {
            let requirement: Requirement = text.parse().map_err(|error| self.wrong(text, error))?;
            Ok(requirement.into())
        };
        texts.iter().map(parse).collect()
    }

    /// Dependencies that stand in requirements files, if the build backend says in which.
    fn dynamic(&self, files: Option<Vec<String>>, field: &str) -> Result<Vec<Dependency>, PypiError> {
        let unsupported = |what: String| PypiError::Unsupported {
            place: self.place("dynamic"),
            what,
            instead: "list them under `[project]`, or lock the project, for example with `uv lock`"
                .to_owned(),
        };
        let files =
            files.ok_or_else(|| unsupported(format!("only a build can tell the {field} of the project")))?;
        let mut dependencies = Vec::new();
        for file in files {
            let read = RequirementsFile::read(self.project, &file, &BTreeMap::new())?;
            for entry in read.entries {
                match entry.wanted {
                    EntryKind::Named(requirement) => dependencies.push(requirement.into()),
                    EntryKind::Directory { path, .. } => {
                        return Err(unsupported(format!("`{}` names the directory `{path}`", entry.place)));
                    }
                }
            }
        }
        Ok(dependencies)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    project: Option<Project>,
    #[serde(default)]
    dependency_groups: BTreeMap<DistributionName, Vec<GroupEntry>>,
    build_system: Option<toml::Table>,
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    name: DistributionName,
    version: Option<String>,
    requires_python: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<DistributionName, Vec<String>>,
    #[serde(default)]
    dynamic: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Tool {
    uv: Option<UvTable>,
    setuptools: Option<Setuptools>,
    hatch: Option<toml::Table>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "kebab-case", default)]
struct UvTable {
    package: Option<bool>,
    sources: toml::Table,
    default_groups: DefaultGroups,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum DefaultGroups {
    Named(Vec<DistributionName>),
    Word(serde::de::IgnoredAny),
}

impl Default for DefaultGroups {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

#[derive(Deserialize)]
struct Setuptools {
    dynamic: Option<SetuptoolsDynamic>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SetuptoolsDynamic {
    dependencies: Option<FileList>,
    #[serde(default)]
    optional_dependencies: BTreeMap<DistributionName, FileList>,
}

#[derive(Deserialize, Clone)]
struct FileList {
    file: OneOrMany,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl FileList {
    fn files(&self) -> Vec<String> {
        match &self.file {
            OneOrMany::One(file) => vec![file.clone()],
            OneOrMany::Many(files) => files.clone(),
        }
    }
}

impl Tool {
    fn dependency_files(&self) -> Option<Vec<String>> {
        let setuptools =
            self.setuptools.as_ref().and_then(|table| table.dynamic.as_ref()?.dependencies.as_ref());
        setuptools.map(FileList::files).or_else(|| self.hatch_files())
    }

    fn extra_files(&self) -> Vec<(DistributionName, Vec<String>)> {
        let dynamic = self.setuptools.as_ref().and_then(|table| table.dynamic.as_ref());
        let lists = dynamic.into_iter().flat_map(|table| &table.optional_dependencies);
        lists.map(|(extra, list)| (extra.clone(), list.files())).collect()
    }

    /// `[tool.hatch.metadata.hooks.requirements_txt] files = [...]`.
    fn hatch_files(&self) -> Option<Vec<String>> {
        let hook = self.hatch.as_ref()?.get("metadata")?.get("hooks")?.get("requirements_txt")?;
        let files = hook.get("files").and_then(toml::Value::as_array)?;
        files.iter().map(|file| file.as_str().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::requirement::MarkerEnvironment;
    use crate::pypi::target::{PythonVersion, Target};

    fn environment() -> MarkerEnvironment {
        MarkerEnvironment::new(&Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64))
    }

    fn read_in(files: &[(&str, &str)]) -> Result<Option<Declared>, PypiError> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Declared::read(&ProjectDir::new(directory.path()), &environment())
    }

    fn wanted(declared: &Declared, environment: &MarkerEnvironment) -> Vec<String> {
        declared.wanted(environment).iter().map(|dependency| dependency.requirement.to_string()).collect()
    }

    #[test]
    fn follows_extras_of_itself_groups_and_markers() {
        let text = r#"
[project]
name = "My_App"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["flask>=3", "pywin32 ; sys_platform == 'win32'"]
[project.optional-dependencies]
web = ["gunicorn"]
all = ["my-app[web,db]"]
db = ["psycopg"]
[dependency-groups]
base = ["rich"]
prod = [{ include-group = "base" }, "sentry-sdk"]
dev = ["pytest"]
[build-system]
requires = []
"#;
        let declared = read_in(&[("pyproject.toml", text)]).unwrap().unwrap();
        assert!(declared.is_package);
        let mut environment = environment();
        assert_eq!(wanted(&declared, &environment), ["flask>=3"]);
        environment.extras.insert(DistributionName::new("all").unwrap());
        environment.groups.insert(DistributionName::new("prod").unwrap());
        assert_eq!(
            wanted(&declared, &environment),
            ["flask>=3", "gunicorn", "psycopg", "rich", "sentry-sdk"]
        );
        assert!(
            declared.accepts_python(&Version::new([3, 11]))
                && !declared.accepts_python(&Version::new([3, 10]))
        );
    }

    #[test]
    fn reads_the_requirements_files_of_setuptools_and_hatch() {
        let head = "[project]\nname = \"x\"\ndynamic = [\"dependencies\", \"version\"]\n";
        let setuptools = format!("{head}[tool.setuptools.dynamic]\ndependencies = {{ file = \"r.txt\" }}\n");
        let hatch = format!("{head}[tool.hatch.metadata.hooks.requirements_txt]\nfiles = [\"r.txt\"]\n");
        for text in [setuptools, hatch] {
            let declared =
                read_in(&[("pyproject.toml", &text), ("r.txt", "flask # web\n")]).unwrap().unwrap();
            assert_eq!(wanted(&declared, &environment()), ["flask"]);
        }
        let error = read_in(&[("pyproject.toml", head)]).unwrap_err();
        assert!(error.to_string().starts_with("`pyproject.toml:3`: only a build can tell"), "{error}");
        assert!(error.hint().unwrap().contains("uv lock"));
    }

    #[test]
    fn names_the_line_of_what_is_wrong() {
        for (text, expected) in [
            ("[project]\nname = \"x\"\ndependencies = [\"a b\"]\n", "pyproject.toml:3"),
            ("[project]\nname = \"x\"\nrequires-python = \"3\"\n", "pyproject.toml:3"),
            ("[project]\nname = \"-\"\n", "pyproject.toml:2"),
            ("[dependency-groups]\na = [{ include-group = \"a\" }]\n", "includes itself"),
            ("[dependency-groups]\na = [{ include-group = \"b\" }]\n", "does not exist"),
            ("x = [\n", "pyproject.toml:"),
        ] {
            let error = read_in(&[("pyproject.toml", text)]).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(read_in(&[("pyproject.toml", "[tool.black]\nline-length = 99\n")]).unwrap().is_none());
    }
}

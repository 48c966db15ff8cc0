//! The version of a project that leaves it to its build backend (`dynamic = ["version"]`, PEP 621), as far as it is
//! written down in a file. No backend runs: what only version control knows stays unknown.

use ruff_python_ast::{Expr, Stmt};
use ruff_python_parser::parse_module;
use toml::{Table, Value};

use super::project::Project;
use crate::BuildError;

/// What stands for a version that is written down nowhere, a local version of PEP 440.
pub(super) const UNKNOWN: &str = "0+unknown";

/// Names that hold a version, most usual first.
const NAMES: &[&str] = &["__version__", "VERSION", "version", "__VERSION__"];

/// The version of the project called `name` in `directory`, whose `pyproject.toml` is `document`.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn find(
    project: &Project,
    directory: &str,
    name: &str,
    document: &Table,
) -> Result<Option<String>, BuildError> {
    let place = Place { project, directory };
    let of = |path: &[&str]| path.iter().try_fold(document.get("tool")?, |at, key| at.get(key));
    let text = |path: &[&str]| of(path).and_then(Value::as_str);
    if let Some(found) = of(&["setuptools", "dynamic", "version"]).map(|value| place.setuptools(value)) {
        return found;
    }
    // Hatch and PDM name the file that the version is written in; the others write it there when they build.
    let files = [
        text(&["hatch", "version", "path"]),
        text(&["pdm", "version", "path"]),
        text(&["setuptools_scm", "version_file"]),
        text(&["setuptools_scm", "write_to"]),
        text(&["hatch", "build", "hooks", "vcs", "version-file"]),
    ];
    for file in files.into_iter().flatten() {
        if let Some(version) = place.assigned(file, NAMES)? {
            return Ok(Some(version));
        }
    }
    let backend = document.get("build-system").and_then(|system| system.get("build-backend"));
    if backend.and_then(Value::as_str).is_some_and(|backend| backend.starts_with("flit")) {
        let module = text(&["flit", "module", "name"]).unwrap_or(name).replace('-', "_");
        return place.attribute(&format!("{module}.__version__"));
    }
    if let Some(text) = place.text("PKG-INFO")? {
        return Ok(text
            .lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(|text| text.trim().to_owned()));
    }
    Ok(text(&["setuptools_scm", "fallback_version"]).map(str::to_owned))
}

struct Place<'a> {
    project: &'a Project,
    directory: &'a str,
}

impl Place<'_> {
    /// A file of the image: one that stays out could change without another build.
    fn text(&self, file: &str) -> Result<Option<String>, BuildError> {
        let file = match self.directory {
            "." => file.to_owned(),
            directory => format!("{directory}/{file}"),
        };
        match self.project.files.binary_search(&file) {
            Ok(_) => self.project.text(&file),
            Err(_) => Ok(None),
        }
    }

    /// `{ attr = "package.module.name" }` or `{ file = "VERSION" }`, one or several.
    fn setuptools(&self, value: &Value) -> Result<Option<String>, BuildError> {
        if let Some(attribute) = value.get("attr").and_then(Value::as_str) {
            return self.attribute(attribute);
        }
        let file = value.get("file").and_then(|file| match file {
            Value::Array(files) => files.first()?.as_str(),
            file => file.as_str(),
        });
        let Some(file) = file else { return Ok(None) };
        Ok(self.text(file)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The value of `package.module.name`, where the module lies beside `pyproject.toml` or in `src`.
    fn attribute(&self, attribute: &str) -> Result<Option<String>, BuildError> {
        let Some((module, name)) = attribute.rsplit_once('.') else { return Ok(None) };
        let path = module.replace('.', "/");
        for root in ["", "src/", "lib/"] {
            for file in [format!("{root}{path}.py"), format!("{root}{path}/__init__.py")] {
                if let Some(version) = self.assigned(&file, &[name])? {
                    return Ok(Some(version));
                }
            }
        }
        Ok(None)
    }

    /// The text that the top level of a Python file gives the first of `names` that is there.
    fn assigned(&self, file: &str, names: &[&str]) -> Result<Option<String>, BuildError> {
        let text = self.text(file)?;
        let Some(parsed) = text.and_then(|text| parse_module(&text).ok()) else { return Ok(None) };
        Ok(names.iter().find_map(|name| constant(&parsed.syntax().body, name)))
    }
}

/// The text that `name` has at the top level of a module.
fn constant(body: &[Stmt], name: &str) -> Option<String> {
    let is_name = |target: &Expr| matches!(target, Expr::Name(target) if target.id.as_str() == name);
    body.iter().find_map(|statement| {
        let value = match statement {
            Stmt::Assign(assign) if assign.targets.iter().any(is_name) => &assign.value,
            Stmt::AnnAssign(assign) if is_name(&assign.target) => assign.value.as_ref()?,
            _ => return None,
        };
        match &**value {
            Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The version found in a project with `pyproject` and other files.
    fn version(pyproject: &str, files: &[(&str, &str)]) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(path, text).unwrap();
        };
        files.iter().for_each(|(name, text)| write(name, text));
        let project = Project::open(directory.path()).unwrap();
        find(&project, ".", "my-app", &toml::from_str(pyproject).unwrap()).unwrap()
    }

    #[test]
    fn each_backend_says_where_its_version_is_written() {
        let init = [("src/my_app/__init__.py", "\"\"\"Doc.\"\"\"\n__version__: str = \"1.2.3\"\n")];
        let cases = [
            ("[tool.setuptools.dynamic]\nversion = { attr = \"my_app.__version__\" }", &init[..]),
            ("[tool.setuptools.dynamic]\nversion = { file = \"VERSION\" }", &[("VERSION", "1.2.3\n")]),
            ("[tool.setuptools.dynamic]\nversion = { file = [\"VERSION\"] }", &[("VERSION", "1.2.3\n")]),
            ("[tool.hatch.version]\npath = \"src/my_app/__init__.py\"", &init),
            ("[tool.pdm.version]\nsource = \"file\"\npath = \"v.py\"", &[("v.py", "VERSION = '1.2.3'\n")]),
            ("[build-system]\nbuild-backend = \"flit_core.buildapi\"", &init),
            ("[tool.setuptools_scm]\nversion_file = \"_v.py\"", &[("_v.py", "version = '1.2.3'\n")]),
            ("[tool.setuptools_scm]\nfallback_version = \"1.2.3\"", &[]),
            ("", &[("PKG-INFO", "Metadata-Version: 2.1\nVersion: 1.2.3\n")]),
        ];
        for (pyproject, files) in cases {
            assert_eq!(version(pyproject, files).as_deref(), Some("1.2.3"), "{pyproject}");
        }
    }

    #[test]
    fn what_only_version_control_or_a_program_knows_stays_unknown() {
        let cases = [
            ("[tool.setuptools_scm]", &[][..]),
            ("[tool.hatch.version]\nsource = \"vcs\"", &[]),
            ("[tool.hatch.version]\npath = \"v.py\"", &[("v.py", "__version__ = read()\n")]),
            ("[tool.setuptools.dynamic]\nversion = { attr = \"gone.__version__\" }", &[]),
        ];
        for (pyproject, files) in cases {
            assert_eq!(version(pyproject, files), None, "{pyproject}");
        }
    }
}

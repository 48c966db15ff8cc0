//! Which package index to use, found the way `uv` and `pip` find it.
//!
//! In order: what bareboat was told, the variables of `uv` and `pip`, the project's requirements file, the files of
//! `uv` (project, user, system), those of `pip`, what the host's own `pip` was built with, and last a public default.
//! The address of an index is never written into a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::configuration::{IndexSettings, read_pip_conf, read_pyproject, read_uv_toml};
use crate::pypi::error::PypiError;
use crate::pypi::process::{Process, Runner};
use crate::pypi::project::ProjectDir;
use crate::pypi::redact::redact_text;
use crate::pypi::requirements_txt::IndexOptions;

/// The package index to ask, and the ones to ask besides.
#[derive(Clone, PartialEq, Eq)]
pub struct Index {
    /// The root of its simple API, without trailing slash; it may hold credentials.
    pub url: String,
    /// Who named it.
    pub source: IndexSource,
    /// Further indexes, first asked first.
    pub extra: Vec<String>,
    /// Those of the further indexes that uv would not find by itself.
    pub unknown_to_uv: Vec<String>,
    /// Some distributions are bound to an index of their own, so not every file is from this one.
    pub has_explicit: bool,
}

/// Who named the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexSource {
    /// bareboat's own configuration.
    Configured,
    /// A variable such as `UV_DEFAULT_INDEX`.
    Variable,
    /// The project's requirements file.
    Requirements,
    /// A configuration file of uv, which uv reads itself.
    Uv,
    /// A configuration file of pip.
    Pip,
    /// The default that the host's pip was built with.
    HostPip,
    /// The compiled-in public default.
    BuiltIn,
}

impl Index {
    /// The address for people, without credentials.
    pub fn shown(&self) -> String {
        redact_text(&self.url)
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} by {:?} and {} more)", self.shown(), self.source, self.extra.len())
    }
}

/// What the caller's surroundings say, as data.
pub struct Surroundings<'a> {
    /// The index that bareboat was told to use.
    pub configured: Option<String>,
    /// The caller's environment.
    pub variables: &'a BTreeMap<String, String>,
    /// Asks the host's `pip`; `None` asks nobody.
    pub runner: Option<&'a dyn Runner>,
    /// Where system-wide configuration lies: `/etc`, another directory in tests.
    pub system: PathBuf,
}

/// The index for `project`; `options` are those of its requirements file.
///
/// # Errors
/// Configuration files that cannot be understood. That there is an index behind the address is not checked.
pub fn discover_index(
    surroundings: &Surroundings<'_>,
    project: &ProjectDir,
    options: &IndexOptions,
) -> Result<Index, PypiError> {
    let variables = from_variables(surroundings.variables);
    let requirements = IndexSettings {
        default: options.index_url.clone(),
        extra: options.extra_index_urls.clone(),
        has_explicit: !options.find_links.is_empty(),
    };
    let configured = IndexSettings { default: surroundings.configured.clone(), ..IndexSettings::default() };
    let mut extra = Vec::new();
    let mut unknown_to_uv = Vec::new();
    let mut has_explicit = false;
    let mut found: Option<(String, IndexSource)> = None;
    let mut consider = |settings: IndexSettings, source| {
        if matches!(source, IndexSource::Requirements | IndexSource::Pip) {
            unknown_to_uv.extend(settings.extra.iter().cloned());
        }
        extra.extend(settings.extra);
        has_explicit |= settings.has_explicit;
        found = found.take().or(settings.default.map(|url| (url, source)));
        found.is_some()
    };
    consider(configured, IndexSource::Configured);
    consider(variables, IndexSource::Variable);
    consider(requirements, IndexSource::Requirements);
    for settings in uv_files(surroundings, project)? {
        consider(settings, IndexSource::Uv);
    }
    for settings in pip_files(surroundings) {
        consider(settings, IndexSource::Pip);
    }
    let (url, source) = match found {
        Some(found) => found,
        None => match ask_host_pip(surroundings) {
            Some(url) => (url, IndexSource::HostPip),
            None => (PUBLIC_DEFAULT.to_owned(), IndexSource::BuiltIn),
        },
    };
    unknown_to_uv.extend(words(surroundings.variables, "PIP_EXTRA_INDEX_URL"));
    for list in [&mut extra, &mut unknown_to_uv] {
        let mut known = BTreeSet::from([url.clone()]);
        list.retain(|other| known.insert(other.clone()));
    }
    Ok(Index { url: url.trim_end_matches('/').to_owned(), source, extra, unknown_to_uv, has_explicit })
}

fn from_variables(variables: &BTreeMap<String, String>) -> IndexSettings {
    // uv allows `name=url`; an index address holds no `=` before its scheme.
    let address = |word: &str| match word.split_once('=') {
        Some((name, url)) if !name.contains(':') => url.to_owned(),
        _ => word.to_owned(),
    };
    let default = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];
    let extra = ["UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"];
    IndexSettings {
        default: default
            .into_iter()
            .flat_map(|name| words(variables, name))
            .next()
            .map(|word| address(&word)),
        extra: extra.into_iter().flat_map(|name| words(variables, name)).map(|word| address(&word)).collect(),
        has_explicit: false,
    }
}

fn words(variables: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    variables
        .get(name)
        .map(String::as_str)
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// The project's own file wins over the user's, which wins over the system's.
fn uv_files(surroundings: &Surroundings<'_>, project: &ProjectDir) -> Result<Vec<IndexSettings>, PypiError> {
    let mut settings = Vec::new();
    if let Some(text) = project.read("uv.toml")? {
        settings.push(read_uv_toml("uv.toml", &text)?);
    } else if let Some(text) = project.read("pyproject.toml")? {
        settings.extend(read_pyproject("pyproject.toml", &text)?);
    }
    let named = surroundings.variables.get("UV_CONFIG_FILE").map(PathBuf::from);
    let user = config_home(surroundings).map(|home| home.join("uv/uv.toml"));
    let system = [surroundings.system.join("xdg/uv/uv.toml"), surroundings.system.join("uv/uv.toml")];
    for path in named.into_iter().chain(user).chain(system) {
        if let Ok(text) = std::fs::read_to_string(&path) {
            settings.push(read_uv_toml(&path.display().to_string(), &text)?);
        }
    }
    Ok(settings)
}

/// The files of pip, most important first: named by variable, virtual environment, user, system.
fn pip_files(surroundings: &Surroundings<'_>) -> Vec<IndexSettings> {
    let variable =
        |name: &str| surroundings.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let paths = [
        variable("PIP_CONFIG_FILE"),
        variable("VIRTUAL_ENV").map(|environment| environment.join("pip.conf")),
        config_home(surroundings).map(|home| home.join("pip/pip.conf")),
        variable("HOME").map(|home| home.join(".pip/pip.conf")),
        Some(surroundings.system.join("xdg/pip/pip.conf")),
        Some(surroundings.system.join("pip.conf")),
    ];
    let texts = paths.into_iter().flatten().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.map(|text| read_pip_conf(&text)).collect()
}

fn config_home(surroundings: &Surroundings<'_>) -> Option<PathBuf> {
    let variable =
        |name: &str| surroundings.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))
}

/// Distributors patch the default into their `pip`; nothing but `pip` itself knows it.
fn ask_host_pip(surroundings: &Surroundings<'_>) -> Option<String> {
    let process = Process {
        program: "python3".into(),
        arguments: vec!["-c".to_owned(), ASK_PIP.to_owned()],
        environment: surroundings.variables.clone(),
        ..Process::default()
    };
    let outcome = surroundings.runner?.run(&process).ok().filter(|outcome| outcome.success)?;
    let url = String::from_utf8(outcome.output).ok()?.trim().to_owned();
    url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")).then_some(url)
}

const ASK_PIP: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

/// The oldest public name of the Python package index; it leads wherever the index has moved.
const PUBLIC_DEFAULT: &str = "https://pypi.python.org/simple";

#[cfg(test)]
mod tests {
    use super::super::super::process::Outcome;
    use super::*;

    struct HostPip(&'static str);

    impl Runner for HostPip {
        fn run(&self, process: &Process) -> std::io::Result<Outcome> {
            assert_eq!(process.program, PathBuf::from("python3"));
            Ok(Outcome { success: true, output: self.0.into(), messages: Vec::new() })
        }
    }

    struct Setting {
        directory: tempfile::TempDir,
        variables: BTreeMap<String, String>,
        options: IndexOptions,
    }

    impl Setting {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let home = directory.path().join("home").display().to_string();
            Self {
                directory,
                variables: BTreeMap::from([("HOME".to_owned(), home)]),
                options: IndexOptions::default(),
            }
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn index(&self, pip: &'static str) -> Index {
            let runner = HostPip(pip);
            let surroundings = Surroundings {
                configured: None,
                variables: &self.variables,
                runner: Some(&runner),
                system: self.directory.path().join("etc"),
            };
            let project = ProjectDir::new(self.directory.path().join("project"));
            discover_index(&surroundings, &project, &self.options).unwrap()
        }
    }

    #[test]
    fn the_nearer_source_wins() {
        let mut setting = Setting::new();
        assert_eq!(setting.index("nonsense").source, IndexSource::BuiltIn);
        assert_eq!(setting.index("https://host.test/simple/\n").url, "https://host.test/simple");
        setting.write("etc/pip.conf", "[global]\nindex-url = https://pip.test/simple\n");
        assert_eq!(setting.index("https://host.test").source, IndexSource::Pip);
        setting.write("home/.config/uv/uv.toml", "index-url = \"https://user.test\"\n");
        setting.write(
            "project/pyproject.toml",
            "[tool.uv]\nindex-url = \"https://project.test\"\nextra-index-url = [\"https://more.test\"]\n",
        );
        let index = setting.index("");
        assert_eq!((index.url.as_str(), index.source), ("https://project.test", IndexSource::Uv));
        assert_eq!(index.extra, ["https://more.test"]);
        setting.options.index_url = Some("https://requirements.test".to_owned());
        assert_eq!(setting.index("").source, IndexSource::Requirements);
        setting.variables.insert("PIP_INDEX_URL".to_owned(), "https://u:pw@variable.test/simple/".to_owned());
        setting
            .variables
            .insert("UV_INDEX".to_owned(), "corp=https://corp.test https://more.test".to_owned());
        let index = setting.index("");
        assert_eq!(index.shown(), "https://***@variable.test/simple");
        assert_eq!(index.extra, ["https://corp.test", "https://more.test"]);
        assert!(!format!("{index:?}").contains("pw"));
    }
}

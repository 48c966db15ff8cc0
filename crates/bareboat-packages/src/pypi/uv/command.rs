//! The command line and environment that `uv` is run with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::pypi::index::{Index, IndexSource};
use crate::pypi::process::Process;
use crate::pypi::target::Target;

use super::resolve::Demand;

/// How the target is told to uv.
#[derive(Debug, Clone)]
pub(super) enum Telling {
    /// By a description in the place of an interpreter.
    Description(PathBuf),
    /// By options, for a uv that asks interpreters something else; needs some Python on the host.
    Options,
}

/// Everything about one run of uv.
pub(super) struct Compile<'a> {
    pub(super) program: &'a Path,
    pub(super) project: &'a Path,
    pub(super) cache: &'a Path,
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) index: &'a Index,
    pub(super) target: &'a Target,
    pub(super) telling: Telling,
    pub(super) demand: &'a Demand,
    /// Distributions whose source distributions are acceptable.
    pub(super) from_source: Vec<String>,
    /// Files with constraints and overrides, and a replacement for the project's uv settings.
    pub(super) constraints: Option<&'a Path>,
    pub(super) overrides: Option<&'a Path>,
    pub(super) settings: Option<&'a Path>,
}

impl Compile<'_> {
    pub(super) fn process(&self) -> Process {
        Process {
            program: self.program.to_owned(),
            arguments: self.arguments(),
            environment: self.environment(),
            directory: Some(self.project.to_owned()),
            input: self.demand.requirements.join("\n").into_bytes(),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = ["pip", "compile"].map(str::to_owned).into();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        match &self.demand.project_file {
            Some(file) => add(&[file]),
            None => add(&["-"]),
        }
        add(&[
            "--format",
            "pylock.toml",
            "--no-header",
            "--no-annotate",
            "--no-progress",
            "--color",
            "never",
        ]);
        add(&[
            "--no-python-downloads",
            "--only-binary",
            ":all:",
            "--cache-dir",
            &self.cache.display().to_string(),
        ]);
        match &self.telling {
            Telling::Description(python) => add(&["--python", &python.display().to_string()]),
            Telling::Options => {
                add(&["--python-version", &self.target.python.to_string()]);
                add(&["--python-platform", &platform(self.target)]);
            }
        }
        for name in &self.from_source {
            add(&["--no-binary", name]);
        }
        for (option, values) in [("--extra", &self.demand.extras), ("--group", &self.demand.groups)] {
            values.iter().for_each(|value| add(&[option, value]));
        }
        let files = [
            ("--constraints", self.constraints),
            ("--overrides", self.overrides),
            ("--config-file", self.settings),
        ];
        for (option, file) in files {
            file.into_iter().for_each(|file| add(&[option, &file.display().to_string()]));
        }
        let options = &self.demand.options;
        options.find_links.iter().for_each(|links| add(&["--find-links", links]));
        for (flag, wanted) in [("--no-index", options.no_index), ("--no-deps", self.demand.no_dependencies)] {
            wanted.then(|| add(&[flag]));
        }
        if options.pre {
            add(&["--prerelease", "allow"]);
        }
        arguments
    }

    /// The caller's environment, without what would make the result depend on the host's Python. Addresses of indexes
    /// go here and not on the command line, which every user of the machine can read.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut environment = self.variables.clone();
        environment.retain(|name, _| !IGNORED.contains(&name.as_str()));
        if self.index.source != IndexSource::Uv {
            environment.remove("UV_INDEX_URL");
            environment.insert("UV_DEFAULT_INDEX".to_owned(), self.index.url.clone());
        }
        if !self.index.unknown_to_uv.is_empty() {
            let own = environment.get("UV_INDEX").cloned();
            let all: Vec<String> = own.into_iter().chain(self.index.unknown_to_uv.iter().cloned()).collect();
            environment.insert("UV_INDEX".to_owned(), all.join(" "));
        }
        environment
    }
}

/// uv's name for the target, as far as uv knows it: no glibc beyond 2.40.
fn platform(target: &Target) -> String {
    let (major, minor) = target.glibc;
    format!("{}-manylinux_{major}_{}", target.architecture.machine(), minor.min(40))
}

const IGNORED: [&str; 17] = [
    "CONDA_PREFIX",
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_CACHE_DIR",
    "UV_CUSTOM_COMPILE_COMMAND",
    "UV_MANAGED_PYTHON",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_NO_BUILD",
    "UV_NO_BUILD_PACKAGE",
    "UV_NO_CONFIG",
    "UV_NO_MANAGED_PYTHON",
    "UV_PROJECT",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_SYSTEM_PYTHON",
    "UV_WORKING_DIR",
    "VIRTUAL_ENV",
];

//! Finds how an application starts: the command, the port it listens on, and why we think so.
//!
//! Sources, best first: configuration, `Procfile`, a sibling Dockerfile's hints, `[project.scripts]`, Django,
//! an ASGI or WSGI object found by parsing the code, Streamlit and Gradio, `__main__.py`, a main guard.
//! Nothing is ever guessed from a name alone.

mod code;
mod declared;
mod django;
mod dockerfile;
mod roots;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::app::config::{Command, Config};
use crate::app::plain_file;
use crate::app::python_source::{self, SourceFacts};
use crate::app::words::{self, WordsError};

/// What detection looks at.
pub struct Application<'a> {
    /// The application's directory.
    pub root: &'a Path,
    /// Paths below it that go into the image, with `/` between components, sorted.
    pub files: &'a [String],
    /// The user's configuration.
    pub config: &'a Config,
    /// Normalised names (PEP 503) of everything that will be installed.
    pub distributions: &'a BTreeSet<String>,
    /// What a sibling Dockerfile says, if there is one.
    pub dockerfile: Option<&'a DockerfileHints>,
}

/// What the last stage of a sibling Dockerfile says about running the application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerfileHints {
    /// `ENTRYPOINT` and `CMD` joined, as words; a shell-form line is one element in `shell_line`.
    pub command: Vec<String>,
    /// The shell form, when the command was written so.
    pub shell_line: Option<String>,
    /// The first `EXPOSE`d TCP port.
    pub port: Option<u16>,
    /// `ENV` values of the last stage.
    pub environment: BTreeMap<String, String>,
    /// `WORKDIR`, absolute; empty when there is none.
    pub working_directory: String,
    /// What `COPY` puts into the working directory under another name, below the build context.
    pub copied: Vec<String>,
}

/// What a search came across.
#[derive(Debug, Default)]
struct Trail {
    /// What was looked for and not found, or found and not certain.
    looked_for: Vec<String>,
    /// Commands that somebody wrote down and that the image cannot run.
    refused: Vec<String>,
}

impl Trail {
    fn refuse(&mut self, what: String) {
        self.looked_for.push(what.clone());
        self.refused.push(what);
    }
}

/// How the application starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// `NAME=value` settings that hold variables, then the words of the command. The first word of the command
    /// is a program of the virtual environment (`gunicorn`, `python`) or an absolute path.
    pub words: Vec<String>,
    /// The port it listens on.
    pub port: Option<u16>,
    /// Environment variables the command wants in the image.
    pub environment: BTreeMap<String, String>,
    /// What the application is: "Flask application `app` in `app.py`".
    pub what: String,
    /// Where the command comes from: "`CMD` of `Dockerfile`".
    pub why: String,
    /// Directories below the application's from which its modules are imported, besides itself and `src`.
    pub import_roots: Vec<String>,
    /// Things worth knowing that are no errors, for example a development server.
    pub notes: Vec<String>,
}

/// A parsed Python file of the application.
pub(crate) struct Source {
    /// Path below the root.
    pub path: String,
    /// Dotted module name, as it is importable in the image.
    pub module: String,
    /// What it says.
    pub facts: SourceFacts,
}

/// Finds the entry point.
///
/// # Errors
/// A configured command that needs a shell, or nothing certain found: the error lists what was looked for and
/// the line to add.
pub fn detect(application: &Application<'_>) -> Result<EntryPoint, DetectError> {
    if let Some(found) = configured(application)? {
        return Ok(finish(found, application));
    }
    let mut trail = Trail::default();
    let found = search(application, &mut trail);
    match found {
        Some(mut found) => {
            let refused = trail.refused.iter().map(|refused| format!("{refused}; not used"));
            found.notes.splice(0..0, refused);
            Ok(finish(found, application))
        }
        None => Err(DetectError::NothingCertain { looked_for: trail.looked_for }),
    }
}

fn search(application: &Application<'_>, trail: &mut Trail) -> Option<EntryPoint> {
    let declared = declared::procfile(application, trail)
        .or_else(|| declared::dockerfile(application, trail))
        .or_else(|| declared::project_script(application, trail));
    if declared.is_some() {
        return declared;
    }
    let (sources, looked_for) = (read_sources(application), &mut trail.looked_for);
    django::find(application, &sources, looked_for)
        .or_else(|| code::object(application, &sources, looked_for))
        .or_else(|| code::dashboard(application, &sources))
        .or_else(|| code::main(application, &sources, looked_for))
}

fn configured(application: &Application<'_>) -> Result<Option<EntryPoint>, DetectError> {
    let Some(command) = &application.config.command else { return Ok(None) };
    let words = match command {
        Command::Words(words) if words.is_empty() => {
            return Err(DetectError::Command { error: WordsError::Empty });
        }
        Command::Words(words) => words.clone(),
        Command::Line(line) => words::split(line).map_err(|error| DetectError::Command { error })?,
    };
    Ok(Some(EntryPoint::new(words, "application", "`command` in the configuration")))
}

impl EntryPoint {
    fn new(words: Vec<String>, what: impl Into<String>, why: impl Into<String>) -> Self {
        let (what, why) = (what.into(), why.into());
        let (environment, import_roots, notes) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { words, port: None, environment, what, why, import_roots, notes }
    }
}

/// The port by precedence (configuration, command, Dockerfile, what the finder knew) and what the command's
/// server wants from its surroundings.
fn finish(mut found: EntryPoint, application: &Application<'_>) -> EntryPoint {
    let hints = application.dockerfile;
    let from_command = words::default_port(&found.words).or_else(|| server::literal_port(&found.words));
    let from_environment = hints.and_then(|hints| hints.environment.get("PORT")?.parse().ok());
    found.port = application
        .config
        .port
        .or(from_command)
        .or_else(|| hints.and_then(|hints| hints.port))
        .or(from_environment)
        .or(found.port);
    if let Some(port) = found.port {
        found.words = server::honour_port(&found.words, port);
        found.environment.insert("PORT".to_owned(), port.to_string());
    }
    if let Some(hints) = hints {
        dockerfile::add_environment(&mut found, hints);
    }
    server::add_environment(&mut found, application.distributions);
    found
}

/// Parses every Python file that could define or start an application; unparsable ones are left out.
fn read_sources(application: &Application<'_>) -> Vec<Source> {
    const LARGEST: u64 = 2 << 20;
    let candidates = application.files.iter().filter(|path| path.ends_with(".py") && !is_test(path));
    candidates
        .filter_map(|path| {
            let file = application.root.join(path);
            if std::fs::metadata(&file).ok()?.len() > LARGEST {
                return None;
            }
            let text = text_of(plain_file::read(&file).ok()?);
            if !could_matter(path, &text) {
                return None;
            }
            let facts = python_source::read(&text)?;
            Some(Source { module: module_name(path, application.files), path: path.clone(), facts })
        })
        .collect()
}

/// Source text is UTF-8 unless it says otherwise (PEP 263); what matters here is ASCII in every encoding in use.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// A cheap look before parsing.
fn could_matter(path: &str, text: &str) -> bool {
    const WORDS: &[&str] =
        &["__main__", "DJANGO_SETTINGS_MODULE", "get_asgi", "get_wsgi", "App", "Flask", "FastHTML"];
    const MORE: &[&str] = &[
        "Starlette",
        "Litestar",
        "Quart",
        "Bottle",
        "Celery",
        "BlackSheep",
        "FastAPI",
        "streamlit",
        "gradio",
        "Sanic",
        "Dash",
        "aiohttp",
        "bottle",
        "start_response",
        "receive",
    ];
    path.ends_with("__main__.py") || WORDS.iter().chain(MORE).any(|word| text.contains(word))
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "test" | "docs" | "examples" | "migrations"))
        || path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with("test_") || name == "conftest.py" || name == "setup.py")
}

/// The dotted name under which `path` can be imported when the root and `src/` are import roots.
pub(crate) fn module_name(path: &str, files: &[String]) -> String {
    let has_src_layout =
        path.starts_with("src/") && files.binary_search(&"src/__init__.py".to_owned()).is_err();
    let below = if has_src_layout { &path["src/".len()..] } else { path };
    let stem = below.strip_suffix(".py").unwrap_or(below);
    stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".")
}

/// Why no entry point was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The configured command cannot be used.
    #[error("cannot use `command`: {error}")]
    Command {
        /// Why.
        error: WordsError,
    },
    /// Nothing certain.
    #[error("cannot tell how the application starts\n  looked for: {}", looked_for.join("; "))]
    NothingCertain {
        /// What was looked for and not found, or found and not certain.
        looked_for: Vec<String>,
    },
}

impl DetectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Command { error: WordsError::NeedsShell { .. } } => {
                "split the work: one command per image, and settings in `env`; `${NAME:-default}` works without a shell".to_owned()
            }
            Self::Command { .. } => "write it as `command = [\"python\", \"-m\", \"yourapp\"]`".to_owned(),
            Self::NothingCertain { .. } => {
                "add a line like `command = \"python -m yourapp\"` to `bareboat.toml` (`bareboat init` writes the file)".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests;

//! An entry point from a sibling Dockerfile's hints, with its paths turned into ours.

use super::declared::{can_run, is_python};
use super::{Application, DockerfileHints, EntryPoint, Trail};
use crate::app::words;

/// `ENTRYPOINT` and `CMD` of a sibling Dockerfile's last stage, when they can run without a shell.
pub(super) fn find(application: &Application<'_>, trail: &mut Trail) -> Option<EntryPoint> {
    let hints = application.dockerfile?;
    let mut words = match &hints.shell_line {
        Some(line) => match words::split(line) {
            Ok(words) => words,
            Err(error) => {
                trail.refuse(format!("`CMD` of `Dockerfile`: {error}"));
                return None;
            }
        },
        None => hints.command.clone(),
    };
    if let Some(first) = words.first().filter(|first| first.starts_with('-')) {
        // Arguments for an interpreter that is the base image's entry point.
        let text = format!("`CMD` of `Dockerfile` starts with `{first}`: taken as arguments of Python");
        trail.looked_for.push(text);
        words.insert(0, "python".to_owned());
    }
    let program = words.first()?;
    if !can_run(program, application) {
        trail.refuse(format!("`CMD` of `Dockerfile` starts `{program}`, which the image will not have"));
        return None;
    }
    if is_python(program) {
        words[0] = "python".to_owned();
    }
    let home = Home { hints, files: application.files };
    let words = words.iter().map(|word| home.word(word)).collect();
    let mut found = EntryPoint::new(words, "application", "`CMD` of `Dockerfile`");
    found.import_roots = hints.copied.iter().filter(|directory| home.has_code(directory)).cloned().collect();
    Some(found)
}

/// The Dockerfile's `ENV` for the application: what is about the base image or a build stays behind.
pub(super) fn add_environment(found: &mut EntryPoint, hints: &DockerfileHints) {
    let home = Home { hints, files: &[] };
    for (name, value) in &hints.environment {
        let is_foreign =
            NOT_OURS.contains(&name.as_str()) || NOT_OURS_STARTS.iter().any(|start| name.starts_with(start));
        if !is_foreign && !found.environment.contains_key(name) {
            let value = value.split(':').map(|part| home.word(part)).collect::<Vec<_>>().join(":");
            found.environment.insert(name.clone(), value);
        }
    }
}

const NOT_OURS: &[&str] =
    &["PATH", "HOME", "USER", "SHELL", "VIRTUAL_ENV", "PYTHONHOME", "DEBIAN_FRONTEND", "PORT"];
const NOT_OURS_STARTS: &[&str] = &["PIP_", "UV_", "POETRY_", "PDM_", "PIPENV_", "LD_", "BUILD", "APT_"];

/// The Dockerfile's working directory is `/app` here, and what it copies there lies where it lies.
struct Home<'a> {
    hints: &'a DockerfileHints,
    files: &'a [String],
}

impl Home<'_> {
    fn word(&self, word: &str) -> String {
        let directory = self.hints.working_directory.trim_end_matches('/');
        let below = word.strip_prefix(directory).filter(|_| !directory.is_empty());
        match below {
            Some("") => "/app".to_owned(),
            Some(below) if below.starts_with('/') => format!("/app/{}", self.file(&below[1..])),
            _ => self.file(word),
        }
    }

    /// `server.py` of `COPY src /code` is `src/server.py`.
    fn file(&self, path: &str) -> String {
        let has = |path: &str| self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok();
        let plain = path.trim_start_matches("./");
        let mut moved = self.hints.copied.iter().map(|directory| format!("{directory}/{plain}"));
        match has(plain) {
            true => path.to_owned(),
            false => moved.find(|path| has(path)).unwrap_or_else(|| path.to_owned()),
        }
    }

    fn has_code(&self, directory: &str) -> bool {
        let start = format!("{directory}/");
        self.files.iter().any(|file| file.starts_with(&start) && file.ends_with(".py"))
    }
}

//! The files to judge: which ones, reading them, writing them back.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bareboat_dockerfile::LARGEST_FILE;
use bareboat_report::FileWrite;

use super::shown;
use crate::cli::LintArgs;
use crate::failure::Failure;

/// A file to judge.
pub struct Source {
    /// As findings name it.
    pub path: String,
    /// Its bytes, at most one more than a Dockerfile may have.
    pub text: Vec<u8>,
    /// Where it is; `None` for standard input.
    file: Option<PathBuf>,
}

/// Reads every file that is named; what cannot be read is a failure among good ones.
pub fn sources(arguments: &LintArgs) -> (Vec<Source>, Vec<Failure>) {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let mut take = |result: Result<Source, Failure>| match result {
        Ok(source) => found.push(source),
        Err(failure) => failures.push(failure),
    };
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            take(standard_input(arguments.stdin_filename.as_deref()));
            continue;
        }
        match dockerfiles(path) {
            Ok(files) => files.into_iter().for_each(|file| take(read(file))),
            Err(failure) => take(Err(failure)),
        }
    }
    (found, failures)
}

/// The Dockerfiles directly in a directory; anything else is one.
fn dockerfiles(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| Failure::input(format!("cannot read `{}`", path.display())).because(error);
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_dockerfile(&file) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::input(format!("`{}` holds no Dockerfile", path.display()))
            .hint("name the file, as in `bareboat lint path/to/file`"));
    }
    Ok(files)
}

/// `Dockerfile`, `Dockerfile.dev`, `dev.Dockerfile`, and the same with `Containerfile`, in any case.
fn is_dockerfile(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let known = ["dockerfile", "containerfile"].into_iter().any(|known| {
        let before = name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let after = name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'));
        before || after
    });
    known && !name.ends_with(".dockerignore")
}

fn standard_input(name: Option<&str>) -> Result<Source, Failure> {
    let text = read_limited(std::io::stdin().lock())
        .map_err(|error| Failure::world("cannot read standard input").because(error))?;
    Ok(Source { path: name.unwrap_or("-").to_owned(), text, file: None })
}

fn read(path: PathBuf) -> Result<Source, Failure> {
    let text = File::open(&path)
        .and_then(read_limited)
        .map_err(|error| Failure::input(format!("cannot read `{}`", path.display())).because(error))?;
    Ok(Source { path: shown(&path), text, file: Some(path) })
}

fn read_limited(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(LARGEST_FILE as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

impl Source {
    /// True for `-`.
    pub fn is_standard_input(&self) -> bool {
        self.file.is_none()
    }

    /// The directory it is in; `None` for standard input.
    pub fn directory(&self) -> Option<&Path> {
        let parent = self.file.as_deref()?.parent()?;
        Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    }

    /// Its path inside the build context `context`, when it is in there.
    pub fn name_in(&self, context: Option<&Path>) -> Option<String> {
        let (file, context) = (self.file.as_deref()?.canonicalize().ok()?, context?.canonicalize().ok()?);
        Some(file.strip_prefix(context).ok()?.to_str()?.to_owned())
    }

    /// Replaces the file by `text`, if there is one, in one step.
    pub fn write(&self, text: Option<&[u8]>) -> Result<(), Failure> {
        let (Some(path), Some(text)) = (&self.file, text) else { return Ok(()) };
        replace(path, text)
            .map_err(|error| Failure::world(format!("cannot write `{}`", path.display())).because(error))
    }

    /// Writes another file of the build context, which is beside this one.
    pub fn write_beside(&self, write: &FileWrite) -> Result<(), Failure> {
        let Some(directory) = self.directory() else { return Ok(()) };
        let path = directory.join(&write.path);
        replace(&path, write.content.as_bytes())
            .map_err(|error| Failure::world(format!("cannot write `{}`", path.display())).because(error))
    }
}

/// Through a link to what it names; keeps the permissions of a file that is there.
fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".bareboat-").tempfile_in(parent)?;
    file.write_all(text)?;
    if let Ok(metadata) = path.metadata() {
        file.as_file().set_permissions(metadata.permissions())?;
    } else {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(&path)?;
    Ok(())
}

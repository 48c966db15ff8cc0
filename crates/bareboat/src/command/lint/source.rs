//! A file to judge: reading it, writing it back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bareboat_dockerfile::LARGEST_FILE;
use bareboat_inspect::lint::HostKind;

use super::walk::{absolute, normal};
use crate::failure::Failure;

/// A file to judge, before it is read.
#[derive(Debug, Clone)]
pub struct Target {
    /// As findings name it.
    pub name: String,
    /// Where it is; `None` for standard input.
    pub file: Option<PathBuf>,
    /// The build context, when something says which directory it is.
    pub context: Option<PathBuf>,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
}

impl Target {
    /// A file of this machine.
    pub fn file(path: &Path) -> Self {
        let name = normal(path).to_string_lossy().into_owned();
        Self { name, file: Some(path.to_owned()), context: None, arguments: BTreeMap::new() }
    }

    /// Standard input, called `name` when it has one.
    pub fn standard_input(name: Option<&str>) -> Self {
        let name = name.unwrap_or("-").to_owned();
        Self { name, file: None, context: None, arguments: BTreeMap::new() }
    }

    /// True for `-`.
    pub fn is_standard_input(&self) -> bool {
        self.file.is_none()
    }

    /// What kind of file may hold Dockerfiles, when this is one.
    pub fn host(&self) -> Option<HostKind> {
        HostKind::of(Path::new(&self.name).file_name()?.to_str()?)
    }

    /// The directory it is in; `None` for standard input.
    pub fn directory(&self) -> Option<&Path> {
        Some(parent(self.file.as_deref()?))
    }

    /// The directory whose configuration counts: for standard input that of its name, when it exists.
    pub fn configured_in(&self) -> &Path {
        let named = || Some(parent(Path::new(&self.name))).filter(|directory| directory.is_dir());
        self.directory().or_else(named).unwrap_or(Path::new("."))
    }

    /// Its path inside the build context `context`, when it is in there.
    pub fn name_in(&self, context: Option<&Path>) -> Option<String> {
        let (file, context) = (self.file.as_deref()?, context?);
        let is_link = file.symlink_metadata().ok()?.is_symlink();
        if !is_link && absolute(context) == absolute(parent(file)) {
            return Some(file.file_name()?.to_str()?.to_owned());
        }
        let (file, context) = (file.canonicalize().ok()?, context.canonicalize().ok()?);
        Some(file.strip_prefix(context).ok()?.to_str()?.to_owned())
    }

    /// Its bytes, at most one more than a Dockerfile may have.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        let Some(path) = &self.file else {
            return read_limited(std::io::stdin().lock())
                .map_err(|error| Failure::world("cannot read standard input").because(error));
        };
        let unreadable = |error| Failure::input(format!("cannot read `{}`", path.display())).because(error);
        File::open(path).and_then(read_limited).map_err(unreadable)
    }

    /// Replaces the file by `text`, if there is one, in one step.
    pub fn write(&self, text: &[u8]) -> Result<(), Failure> {
        self.file.as_deref().map_or(Ok(()), |path| write(path, text))
    }
}

/// Replaces a file by `text` in one step, or makes it.
pub fn write(path: &Path, text: &[u8]) -> Result<(), Failure> {
    replace(path, text)
        .map_err(|error| Failure::world(format!("cannot write `{}`", path.display())).because(error))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn read_limited(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(LARGEST_FILE as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// Through a link to what it names; keeps the permissions of a file that is there.
fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut file = tempfile::Builder::new().prefix(".bareboat-").tempfile_in(parent(&path))?;
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
